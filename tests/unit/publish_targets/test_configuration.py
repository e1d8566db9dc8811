"""Settings of publish targets: what wins, and what a mistake is called."""

from pathlib import Path

import pytest
from support.publication import PublishedFolder

from mixpanel_data._internal.publish_targets.configuration import (
    ParquetTarget,
    PostgresTarget,
    load_target,
    target_names,
    targets_after_sync,
)
from mixpanel_data._internal.publish_targets.errors import clean, failed
from mixpanel_data.exceptions import ConfigError

URL = "postgresql://loader:hunter22@db.example/warehouse"
PG = {"kind": "postgres", "url": "postgresql://localhost/x"}


def project(tmp_path: Path, **targets: dict[str, object]) -> PublishedFolder:
    return PublishedFolder(tmp_path, targets)


def problem(made: PublishedFolder, name: str = "t", **env: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load_target(made.settings(), name, env)
    return raised.value.message


def test_defaults_are_those_of_the_documentation(tmp_path):
    made = project(tmp_path, pg=PG, disk={"kind": "parquet", "path": "out"})

    pg, disk = (load_target(made.settings(), name, {}) for name in ("pg", "disk"))

    assert isinstance(pg, PostgresTarget)
    assert (pg.schema_name, pg.json_type, pg.read_only_role) == ("mixpanel", "text", None)
    assert (pg.swap_wait, pg.after_sync, pg.tables, pg.exclude) == (600, False, (), ())
    assert isinstance(disk, ParquetTarget)
    assert disk.path == str(tmp_path / "out")  # counts from the project
    assert disk.keep_for == 86_400
    assert disk.by_day == ("events", "sessions", "user_activity", "user_days")


def test_the_environment_wins_over_secrets_and_these_over_the_file(tmp_path):
    made = project(tmp_path, **{"my-db": {**PG, "schema": "a", "tables": ["x"]}})
    (tmp_path / ".dlt" / "secrets.toml").write_text(f'[publish_targets.my-db]\nurl = "{URL}"\n')

    from_files = load_target(made.settings(), "my-db", {})
    env = {
        "PUBLISH_TARGETS__MY_DB__URL": "postgresql://other",
        "PUBLISH_TARGETS__MY_DB__TABLES": "events, sessions",
        "PUBLISH_TARGETS__MY_DB__AFTER_SYNC": "true",
        "PUBLISH_TARGETS__MY_DB__SWAP_WAIT": "2m",
    }
    from_env = load_target(made.settings(), "my-db", env)

    assert isinstance(from_files, PostgresTarget)
    assert from_files.url.get_secret_value() == URL
    assert from_files.schema_name == "a"
    assert isinstance(from_env, PostgresTarget)
    assert from_env.url.get_secret_value() == "postgresql://other"
    assert from_env.tables == ("events", "sessions")
    assert (from_env.after_sync, from_env.swap_wait) == (True, 120)


def test_a_target_shows_no_secret(tmp_path):
    target = load_target(project(tmp_path, t={**PG, "url": URL}).settings(), "t", {})

    assert "hunter22" not in repr(target) + str(target)
    assert clean(target, f"no route to {URL}") == "no route to [redacted]"
    assert "hunter22" not in failed(target, f"at {URL}", "Check it.").message


def test_an_unknown_name_shows_the_names_there_are(tmp_path):
    made = project(tmp_path, warehouse=PG)

    assert "Did you mean warehouse? There are: warehouse." in problem(made, "warehose")
    assert target_names(made.settings(), {}) == ["warehouse"]


def test_without_a_section_the_message_says_what_one_is(tmp_path):
    assert "None is configured. A target is a section [publish_targets.NAME]" in problem(
        project(tmp_path)
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"url": "x"}, "there is no `kind`. It has to be one of: postgres, parquet"),
        ({"kind": "mysql"}, "kind is 'mysql' (from .dlt/config.toml)"),
        ({"kind": "ducklake"}, "does not exist for DuckDB 2.0 yet"),
        ({"kind": "postgres"}, "`url` is missing"),
        (
            {**PG, "shema": "a"},
            "`shema` (from .dlt/config.toml) is not a setting of it (did you mean schema?)",
        ),
        ({**PG, "after_sync": "perhaps"}, "after_sync (from .dlt/config.toml)"),
        ({**PG, "schema": "public"}, "name a schema of its own, such as mixpanel"),
        ({**PG, "schema": "x" * 59}, "it has to be a name of 1 to 58 bytes"),
        ({**PG, "json_type": "jsonb"}, "'text' or 'json'"),
        ({**PG, "swap_wait": "soon"}, "'soon' is not a duration such as 90, 15m or 1h30m"),
        ({"kind": "parquet"}, "`path` is missing"),
        ({"kind": "parquet", "path": "gs://b/x"}, "it has to be a folder or s3://bucket/prefix"),
        ({"kind": "parquet", "path": "s3://"}, "path has to name a bucket"),
        (
            {"kind": "parquet", "path": "x", "region": "eu"},
            "region: these count only for a path in s3://",
        ),
        (
            {"kind": "parquet", "path": "s3://b", "access_key_id": "k"},
            "are set together or not at all",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_target_and_origin(tmp_path, values, message):
    text = problem(project(tmp_path, t=values))

    assert text.startswith("Publish target t")
    assert message in text


def test_a_wrong_value_of_the_environment_is_named_by_its_variable(tmp_path):
    variable = "PUBLISH_TARGETS__T__SWAP_WAIT"

    assert f"swap_wait (from {variable})" in problem(project(tmp_path, t=PG), **{variable: "-1"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("publish_targets = 3", "has to be tables"),
        ("[publish_targets]\npg = 3", "Write [publish_targets.pg]"),
        ('[publish_targets."a b"]\nkind = "postgres"', "can't be the name of a publish target"),
        ('[publish_targets."../x"]\nkind = "postgres"', "can't be the name of a publish target"),
    ],
)
def test_a_section_of_another_form_is_an_error(tmp_path, text, message):
    made = project(tmp_path)
    (tmp_path / ".dlt" / "config.toml").write_text(text)

    assert message in problem(made)


def test_only_targets_that_say_so_are_copied_to_after_a_sync(tmp_path):
    made = project(tmp_path, a=PG, b={**PG, "after_sync": True})

    assert [target.name for target in targets_after_sync(made.settings(), {})] == ["b"]


def test_a_mistake_in_any_target_is_found_before_a_sync(tmp_path):
    made = project(tmp_path, a={"kind": "postgres"}, b={**PG, "after_sync": True})

    with pytest.raises(ConfigError, match="Publish target a"):
        targets_after_sync(made.settings(), {})
