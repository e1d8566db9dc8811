"""A dbt project as its users have it: ours with models of their own, over a data folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml

from mixpanel_data._internal.transform import dbt_process
from support import warm_dbt
from support.in_shells.sitecustomize import SOCKET, code_that_asks

ROOT = Path(__file__).parents[2]
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
WITHOUT_KEYS = ("--exclude", "tag:mixpanel_data_keys")
"""As `mp sync` builds."""

MODELS = {
    "own_daily": """
        {{ config(materialized='table') }}
        -- depends_on: {{ ref('sessions') }}
        select event_date, user_id, session_id, count(*) as event_count from {{ ref('events') }} group by all
    """,
    "own_growing": """
        {{ config(
            materialized='replaced_rows', meta={'replaces': "{{ day_has_changes() }}"}, schema='mine',
        ) }}
        select
            event_date, count(*) as event_count, count(distinct user_id) as users, count(distinct session_id) as sessions
        from {{ ref('events') }}
        where {{ when_incremental(day_has_changes()) }}
        group by event_date
    """,
    "own_users": """
        {{ config(
            materialized='incremental', incremental_strategy='delete+insert', unique_key='user_id',
            pre_hook="{% if is_incremental() %} delete from {{ this }} where {{ user_has_changes() }} {% endif %}",
        ) }}
        select user_id, count(*) as event_count, max(event_date) as last_date
        from {{ ref('events') }}
        where user_id is not null and {{ when_incremental(user_has_changes()) }}
        group by user_id
    """,
    "own_later": """
        {{ config(materialized='replaced_rows', meta={'replaces': "{{ day_has_changes() }}"}) }}
        -- depends_on: {{ ref('int_reassigned_user_days') }}
        select event_date, users from {{ ref('own_growing') }} where {{ when_incremental(day_has_changes()) }}
    """,
    "own_view": "select * from {{ ref('own_users') }}",
}

FAILING = """
{% macro fail_if_chosen() %}
    {% if execute and model.name == env_var('FAILS_AT', '') %}
        {{ exceptions.raise_compiler_error('chosen to fail') }}
    {% endif %}
{% endmacro %}
"""


DISPENSABLE = (
    *("exposures.yml", "semantic", "intermediate/catalog", "intermediate/experiments"),
    *("marts/catalog", "marts/experiments", "marts/flows", "marts/groups", "marts/quality"),
)
"""Models that no other one reads, a third of all."""


class OwnProject:
    """The project in ``folder``. A variable of the shell, ``FAILS_AT``, names a model that fails.

    ``without`` are files and folders of our models that it lacks.
    """

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, Any],
        models: Mapping[str, str] = MODELS,
        without: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        shutil.copytree(
            ROOT / "dbt", folder, ignore=shutil.ignore_patterns("target", "logs", "linting")
        )
        for name in without:
            path = folder / "models" / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        settings = yaml.safe_load((folder / "dbt_project.yml").read_text())
        settings["vars"] |= variables
        settings["models"]["mixpanel_data"]["+pre-hook"] = "{{ fail_if_chosen() }}"
        (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
        (folder / "macros" / "fail_if_chosen.sql").write_text(FAILING)
        (folder / "models" / "own").mkdir()
        for name, sql in models.items():
            self.write(name, sql)

    def write(self, name: str, sql: str) -> None:
        (self.folder / "models" / "own" / f"{name}.sql").write_text(sql)

    def dbt(
        self, data: Path, *arguments: str, fails_at: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """How dbt ended over the data folder. Unit tests, which look at no data, are left out."""
        (data / "build").mkdir(exist_ok=True)
        more: tuple[str, ...] = WITHOUT_UNIT_TESTS if arguments[0] in ("build", "test") else ()
        if arguments[0] == "build" and "--exclude" not in arguments:
            more += WITHOUT_KEYS
        return warm_dbt.dbt(
            *(*arguments, *more, *self._places()), cwd=ROOT, own=self._own(data, fails_at)
        )

    def build(self, data: Path, *arguments: str) -> str:
        """What a green `dbt build` printed."""
        done = self.dbt(data, "build", *arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def killed_at(self, data: Path, model: str) -> None:
        """A `dbt build` that is killed when it begins this model, or comes to its end without it."""
        code = code_that_asks(os.environ[SOCKET], warm_dbt.COMMAND)
        command = ["build", *WITHOUT_UNIT_TESTS, *WITHOUT_KEYS, *self._places()]
        with subprocess.Popen(
            [sys.executable, "-c", code, *command],
            cwd=ROOT,
            env=warm_dbt.shell(self._own(data)),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout
            for line in process.stdout:
                if "START" in line and f".{model} " in line:
                    process.kill()  # what is left of its output ends when the dbt behind it has

    def _places(self) -> tuple[str, ...]:
        return "--project-dir", str(self.folder), "--profiles-dir", str(self.folder)

    def _own(self, data: Path, fails_at: str = "") -> dict[str, str]:
        kept = self.folder / "parsed.msgpack"
        return warm_dbt.over(data) | {
            "FAILS_AT": fails_at,
            **({dbt_process.PARTIAL_PARSE: str(kept)} if kept.exists() else {}),
        }

    def keep_parsed(self, data: Path) -> None:
        """Spares other data folders the parse that this one has had."""
        shutil.copy(data / "target" / "partial_parse.msgpack", self.folder / "parsed.msgpack")


def query(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the file that dbt builds by hand."""
    with duckdb.connect(data / "build" / "dbt.duckdb", read_only=True) as db:
        return db.execute(sql).fetchall()


def execute(data: Path, sql: str) -> None:
    with duckdb.connect(data / "build" / "dbt.duckdb") as db:
        db.execute(sql)


def tables(data: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, floats without their last digits, lists as sets."""
    names = query(data, "select schema_name || '.' || table_name from duckdb_tables() order by all")
    return {
        name: sorted((_rounded(row) for row in query(data, f"from {name}")), key=repr)
        for (name,) in names
    }


def _rounded(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(
        round(value, 9)
        if isinstance(value, float)
        else sorted(value, key=repr)
        if isinstance(value, list)
        else value
        for value in row
    )
