"""`mp init` writes a project, keeps files that exist, and names the next commands."""

import re
import tomllib

import pytest
import yaml

from mixpanel_data import ConfigError
from mixpanel_data._internal.project.init import SHARED, init_project, project_name
from mixpanel_data._internal.project.models import checkout_root, models_folder
from mixpanel_data._internal.project.package import PARTS, install_package
from mixpanel_data._internal.project.variables import Given, check, defaults
from mixpanel_data._internal.settings import Settings, find_dbt_project, load_settings
from mixpanel_data.cli.app import run

ROOT = checkout_root()


@pytest.fixture
def shop(tmp_path):
    init_project(tmp_path / "my-shop")
    return tmp_path / "my-shop"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_project_is_found_with_the_default_settings(shop, monkeypatch):
    (shop / "models" / "deep").mkdir()
    monkeypatch.chdir(shop / "models" / "deep")

    settings = load_settings()

    assert settings.project.root == shop
    assert settings.data_dir == shop / "data"
    assert settings.dbt_project.folder == shop
    assert {settings.origin(name) for name in Settings.model_fields} == {"default"}


def test_the_settings_of_a_new_project_are_all_there_as_comments_with_their_defaults(shop):
    text = (shop / ".dlt" / "config.toml").read_text(encoding="utf-8")
    section = re.split(r"^(?:# )?\[.*\]$", text, flags=re.MULTILINE)[1]
    lines = re.findall(r"^# ([a-z_]+) = (.+)$", section, re.MULTILINE)

    # The engine has a section of its own.
    assert {name for name, _ in lines} == set(Settings.model_fields) - {
        *("engine", "catalog", "warehouse"),
    }
    shown = tomllib.loads("\n".join(f"{name} = {value}" for name, value in lines))
    unset = {"start_date", "account", "api_base_url", "memory_limit", "allow_http", "groups"}
    unset |= {"data_dir", "dbt_project_dir", "profiles_page_size"}
    given = Settings.model_validate({"data_dir": "x", **shown})
    default = Settings.model_validate({"data_dir": "x"})
    assert given.model_dump(exclude=unset) == default.model_dump(exclude=unset)


def test_the_examples_of_variables_are_right_once_they_count(shop):
    project = yaml.safe_load((shop / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["vars"] == {"mixpanel_data": {"week_start": defaults()["week_start"]}}

    text = (shop / "dbt_project.yml").read_text(encoding="utf-8")
    _, _, examples = text.partition("  mixpanel_data:\n")
    examples = re.sub(r"^    # (?=[a-z_]+:|  )", "    ", examples, flags=re.MULTILINE)
    given = yaml.safe_load("mixpanel_data:\n" + examples)["mixpanel_data"]

    variables = check(Given(given, shop / "dbt_project.yml"))
    assert variables.funnels
    assert variables.attributions
    assert variables.metrics
    assert variables.event_properties


def test_the_names_in_the_dbt_project_are_those_of_the_folder(shop):
    project = yaml.safe_load((shop / "dbt_project.yml").read_text(encoding="utf-8"))

    assert project["name"] == "my_shop"
    assert "my_shop" in project["models"]
    assert project["dispatch"][0]["search_order"][0] == "my_shop"
    assert not [name for name, text in files(shop).items() if b"PROJECT_NAME" in text]


def test_the_deployments_are_those_of_the_flows_of_the_installed_version(shop, monkeypatch):
    from prefect.flows import load_flow_from_entrypoint  # slow to import

    text = (shop / "prefect.yaml").read_text(encoding="utf-8")
    deployments = yaml.safe_load(text)["deployments"]

    monkeypatch.chdir(shop)
    flows = {each["name"]: load_flow_from_entrypoint(each["entrypoint"]) for each in deployments}
    assert {name: flow.name for name, flow in flows.items()} == {
        **dict.fromkeys(("daily", "intraday", "profiles-snapshot", "reload-trailing"), "sync"),
        "backfill": "backfill",
        "build-only": "build",
        "reconcile": "reconcile",
    }
    assert "--prefect-file" not in text


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Shop 2", "shop_2"),
        ("2shop", "my_2shop"),
        ("mixpanel_data", "my_mixpanel_data"),
        ("---", "my_mixpanel"),
        ("caf\u00e9", "caf"),
    ],
)
def test_a_name_that_dbt_accepts(folder, name):
    assert project_name(folder) == name


def test_nothing_is_overwritten_without_force(shop):
    (shop / "dbt_project.yml").write_text("name: mine\nprofile: mixpanel_data\n")
    (shop / "README.md").unlink()

    second = init_project(shop)

    assert [path.name for path in second.written] == ["README.md"]
    assert (shop / "dbt_project.yml").read_text() == "name: mine\nprofile: mixpanel_data\n"
    assert not init_project(shop, force=True).kept
    assert "name: my_shop" in (shop / "dbt_project.yml").read_text()


def test_force_replaces_a_link_and_not_the_file_it_names(shop, tmp_path):
    (tmp_path / "elsewhere").write_text("precious")
    (shop / "README.md").unlink()
    (shop / "README.md").symlink_to(tmp_path / "elsewhere")

    init_project(shop, force=True)

    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_the_command_lists_what_it_wrote_and_the_next_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert run(["init", "shop"]) == 0

    out, err = capsys.readouterr()
    assert "wrote shop/dbt_project.yml" in out
    assert re.findall(r"^   (.+?)(?:  .*)?$", err, re.MULTILINE) == [
        "cd shop",
        "mp auth add production",
        "mp sync",
    ]
    assert run(["init", "shop"]) == 0
    assert "kept  shop/dbt_project.yml" in capsys.readouterr().out


def test_a_dbt_project_of_something_else_is_left_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dbt_project.yml").write_text("name: other\nprofile: other\n")

    assert run(["init"]) == 0

    assert "builds the package's models alone" in capsys.readouterr().err
    assert not (tmp_path / "dbt_packages").exists()


def test_a_dlt_project_of_something_else_gets_a_hint(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text("[sources.github]\n")

    assert run(["init"]) == 0

    assert "Add a section [sources.mixpanel]" in capsys.readouterr().err


def test_places_where_no_project_can_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file"):
        init_project(tmp_path / "file")
    with pytest.raises(ConfigError, match="is the checkout of mixpanel_data itself"):
        init_project(ROOT)


def test_the_package_in_a_project_follows_the_installed_one(shop):
    project = find_dbt_project(shop, None, "")
    ours = {
        name: data for name, data in files(models_folder()).items() if name.split("/")[0] in PARTS
    }
    installed = [shop / ".mixpanel_data", shop / "dbt_packages" / "mixpanel_data"]
    assert [files(folder) for folder in installed] == [ours, ours]
    assert install_package(project) == []

    (installed[0] / "models" / "gone.sql").write_text("select 1")
    (installed[1] / "dbt_project.yml").write_text("name: mixpanel_data\n")

    assert install_package(project) == installed
    assert [files(folder) for folder in installed] == [ours, ours]
    assert {path.name for path in (shop / "dbt_packages").iterdir()} == {"mixpanel_data"}


def test_a_link_that_dbt_deps_made_stays_and_another_goes(shop, tmp_path):
    project = find_dbt_project(shop, None, "")
    place = shop / "dbt_packages" / "mixpanel_data"
    _replace_by_link(place, shop / ".mixpanel_data")
    assert install_package(project) == []

    (tmp_path / "old").mkdir()
    _replace_by_link(place, tmp_path / "old")
    assert install_package(project) == [place]
    assert not place.is_symlink()


def test_a_wheel_takes_along_what_a_project_is_made_of():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    targets = project["tool"]["hatch"]["build"]["targets"]
    forced = targets["wheel"]["force-include"]

    shared = {*SHARED, "flows/sync.py", "flows/reconcile.py", "flows/automations.py"}
    assert {name: f"mixpanel_data_flows/{name}" for name in shared}.items() <= forced.items()
    of_models = {name for name in PARTS if (ROOT / "dbt" / name).exists()}
    assert {
        f"dbt/{name}": f"mixpanel_data_dbt/{name}" for name in of_models
    }.items() <= forced.items()
    for name in forced:
        assert any(f"/{name}".startswith(each) for each in targets["sdist"]["include"]), name


def _replace_by_link(place, target):
    if place.is_symlink():
        place.unlink()
    else:
        place.rename(place.parents[1] / "moved")
    place.symlink_to(target)
