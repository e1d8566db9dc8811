"""What sqlfluff renders the models with in place of dbt: the variables have their defaults, and nothing is built."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jinja2 import pass_context
from jinja2.runtime import Context

_PROJECT = yaml.safe_load((Path(__file__).parents[1] / "dbt_project.yml").read_text())

flags = SimpleNamespace(WHICH="build")
target = SimpleNamespace(database="dbt", type="duckdb")
api = SimpleNamespace(Relation=SimpleNamespace(create=lambda **names: names["identifier"]))


class _Package:
    """The macros of this project, by the name of the package."""

    def __getattr__(self, name: str) -> Any:
        @pass_context
        def call(context: Context, *arguments: Any, **named: Any) -> Any:
            return context.resolve(name)(*arguments, **named)

        return call


mixpanel_data = _Package()


@pass_context
def _dispatch(context: Context, name: str, *_: str) -> Any:
    return context.resolve(f"duckdb__{name}")


adapter = SimpleNamespace(dispatch=_dispatch)


def var(name: str) -> Any:
    """Return its default."""
    return _PROJECT["vars"][name]


def env_var(_: str, default: str = "") -> str:
    """Return the default: no variable is set."""
    return default


def load_relation(_: object) -> None:
    """Return nothing: no relation is built."""
