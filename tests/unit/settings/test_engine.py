"""The engine of a project: `[engine]` of its file, or variables."""

from pathlib import Path

import pytest

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.engine.session import require_python, session_settings
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sync import engine

CATALOG = "sqlite:////data/catalog.sqlite"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dlt").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(project: Path, text: str) -> None:
    path = project / ".dlt" / "config.toml"
    path.write_text(f"[sources.mixpanel]\n{text}", encoding="utf-8")


def test_duckdb_is_the_default(project):
    assert load_settings({}).engine == "duckdb"
    assert load_settings({}).folder.raw.name == "raw.duckdb"


def test_the_file_chooses_spark_its_catalog_and_its_warehouse(project):
    write(project, f'[engine]\nkind = "spark"\ncatalog = "{CATALOG}"\nwarehouse = "lake"\n')

    found = load_settings({})

    assert (found.engine, found.catalog, found.warehouse) == (
        "spark",
        CATALOG,
        str(project / "lake"),
    )
    assert found.origin("engine") == ".dlt/config.toml"
    assert found.folder.raw.name == "ledger.duckdb"


def test_variables_have_precedence_and_a_bucket_is_kept_as_it_is(project):
    write(project, f'[engine]\nkind = "spark"\ncatalog = "{CATALOG}"\nwarehouse = "lake"\n')

    found = load_settings({"MP_WAREHOUSE": "s3://bucket/mixpanel/", "MP_ENGINE": "spark"})

    assert found.warehouse == "s3://bucket/mixpanel"


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"MP_ENGINE": "flink"}, "MP_ENGINE"),
        ({"MP_ENGINE": "spark"}, "also needs MP_CATALOG and MP_WAREHOUSE"),
        ({"MP_ENGINE": "spark", "MP_CATALOG": CATALOG}, "also needs MP_WAREHOUSE"),
        (
            {"MP_ENGINE": "spark", "MP_CATALOG": "thrift://h", "MP_WAREHOUSE": "/w"},
            "MP_CATALOG must be",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_named(project, env, message):
    with pytest.raises(ConfigError, match=message):
        load_settings(env)


def test_an_unknown_key_of_the_section_is_refused(project):
    write(project, '[engine]\nkind = "duckdb"\ncatalogue = "x"\n')

    with pytest.raises(ConfigError, match=r"catalogue in \[engine\].*kind, catalog, warehouse"):
        load_settings({})


def test_a_password_of_the_catalog_is_in_no_text_of_the_settings(project):
    address = "postgresql://mp:hidden-one@host/lake"

    found = load_settings({"MP_ENGINE": "spark", "MP_CATALOG": address, "MP_WAREHOUSE": "/w"})

    assert "hidden-one" not in repr(found) + str(found) + found.shown("catalog")
    assert found.shown("catalog") == "postgresql://mp:***@host/lake"


def test_without_the_extra_the_message_names_it(project, monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda _name: None)
    monkeypatch.setattr(engine, "require_python", lambda: None)

    with pytest.raises(ConfigError, match=r"pip install 'mixpanel-data\[spark\]'"):
        engine.import_lake()


def test_a_python_that_spark_does_not_support_is_named():
    require_python((3, 11))

    with pytest.raises(ConfigError, match=r"up to 3\.11, and this is 3\.13"):
        require_python((3, 13))


@pytest.mark.parametrize(
    ("catalog", "uri"),
    [
        ("sqlite:////data/catalog.sqlite", "jdbc:sqlite:/data/catalog.sqlite"),
        ("postgresql://mp:a%40b@db:5433/lake", "jdbc:postgresql://db:5433/lake"),
    ],
)
def test_spark_has_the_same_catalog(catalog, uri):
    found = session_settings(catalog, "/warehouse")

    assert found["spark.sql.catalog.lake.uri"] == uri
    assert found["spark.sql.catalog.lake.warehouse"] == "file:///warehouse"
    assert found.get("spark.sql.catalog.lake.jdbc.password") in (None, "a@b")


def test_a_folder_has_another_file_for_each_engine(tmp_path):
    assert DataFolder.at(tmp_path).raw != DataFolder.at(tmp_path, engine="spark").raw
