"""Which folder is the project, and which dbt project is built."""

import os

import pytest

from mixpanel_data import ConfigError, ConfigWarning
from mixpanel_data._internal.project import folder
from mixpanel_data._internal.project.folder import find_dbt_project, find_project
from mixpanel_data._internal.project.models import checkout_root, models_folder
from mixpanel_data._internal.settings import load_settings

OURS = "[sources.mixpanel]\nlookback_days = 3\n"


def project(path, config=OURS):
    (path / ".dlt").mkdir(parents=True)
    (path / ".dlt" / "config.toml").write_text(config)
    return path


def test_the_variable_comes_first(tmp_path):
    here, chosen = project(tmp_path / "here"), tmp_path / "chosen"
    chosen.mkdir()

    found = find_project({"MP_PROJECT_DIR": str(chosen)}, here)

    assert (found.root, found.origin) == (chosen, "MP_PROJECT_DIR")


def test_a_variable_that_names_no_folder_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"MP_PROJECT_DIR is .*gone, which is no folder"):
        find_project({"MP_PROJECT_DIR": str(tmp_path / "gone")}, tmp_path)


def test_a_project_is_found_from_a_folder_within_it(tmp_path):
    root = project(tmp_path / "shop")
    (root / "models" / "deep").mkdir(parents=True)

    found = find_project({}, root / "models" / "deep")

    assert (found.root, found.origin) == (root, "parent of the working folder")


def test_another_dlt_project_above_does_not_count(tmp_path):
    root = project(tmp_path / "other", "[sources.github]\n")
    (root / "sub").mkdir()

    assert find_project({}, root / "sub").root == checkout_root()
    assert find_project({}, root).root == root  # dlt itself reads its settings there


@pytest.mark.skipif(os.name != "posix", reason="owners are those of POSIX")
def test_a_project_above_that_another_user_made_does_not_count(tmp_path, monkeypatch):
    root = project(tmp_path / "shop")
    (root / "sub").mkdir()
    owner = (root / ".dlt" / "config.toml").stat().st_uid
    monkeypatch.setattr(folder.os, "geteuid", lambda: owner + 1)
    monkeypatch.setattr(folder, "ROOT_USER", owner + 2)

    with pytest.warns(ConfigWarning, match=f"If you trust it, set MP_PROJECT_DIR={root}"):
        assert find_project({}, root / "sub").root == checkout_root()
    assert find_project({"MP_PROJECT_DIR": str(root)}, root / "sub").root == root


def test_settings_and_data_are_those_of_the_project(tmp_path, monkeypatch):
    root = project(tmp_path / "shop")
    monkeypatch.setenv("MP_PROJECT_DIR", str(root))

    settings = load_settings()

    assert (settings.lookback_days, settings.data_dir) == (3, root / "data")
    assert settings.dbt_project.is_package


def test_the_dbt_project_of_the_folder_counts_by_its_profile(tmp_path):
    (tmp_path / "dbt_project.yml").write_text("name: other\nprofile: other\n")
    assert find_dbt_project(tmp_path, None, "").folder == models_folder()

    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: 'mixpanel_data' # ours\n")
    assert find_dbt_project(tmp_path, None, "").folder == tmp_path


def test_a_dbt_project_elsewhere(tmp_path, monkeypatch):
    root, other = (
        project(tmp_path / "shop", OURS + "dbt_project_dir = '../other'\n"),
        tmp_path / "other",
    )
    monkeypatch.chdir(root)
    with pytest.raises(ConfigError, match=r"no dbt_project.yml with `profile: mixpanel_data`"):
        _ = load_settings().dbt_project

    other.mkdir()
    (other / "dbt_project.yml").write_text("name: other\nprofile: other\n")
    with pytest.raises(ConfigError, match="its profile is other, and has to be mixpanel_data"):
        _ = load_settings().dbt_project

    (other / "dbt_project.yml").write_text("name: other\nprofile: mixpanel_data\n")
    assert load_settings().dbt_project.folder.resolve() == other
    assert load_settings().dbt_project.origin == ".dlt/config.toml"
    monkeypatch.setenv("MP_DBT_PROJECT_DIR", str(models_folder()))
    assert load_settings().dbt_project.is_package
