"""Renders a macro of the dbt models to SQL without dbt, for queries of the published file.

dbt takes seconds to start, and needs a profile and a file that it may write. The macros of the
models are templates of Jinja, and those that only write SQL need few names of dbt's.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from mixpanel_data._internal.project.models import models_folder
from mixpanel_data._internal.project.variables import PACKAGE
from mixpanel_data.exceptions import ConfigError

_MACRO = re.compile(r"(\{%-?\s*macro\s+)(\w+)")
_PREFIX = "macro_"


class _Returned(BaseException):
    """Ends a macro, as dbt's ``return`` does, with a value that need not be a text."""

    def __init__(self, value: Any) -> None:
        self.value = value


def render_macro(name: str, *arguments: Any, variables: Mapping[str, Any]) -> str:
    """Return the SQL of a macro, in DuckDB's dialect. ``ref`` is the name of the table.

    Args:
        name: Name of the macro.
        *arguments: Its arguments.
        variables: The value of each variable that it reads, with the defaults.

    Raises:
        ConfigError: if the macro rejects a variable.
    """
    return str(_Macros(variables).call(name, *arguments))


class _Macros:
    """All macros of the models, each of them compiled when it is first called."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        import jinja2  # noqa: PLC0415, RUF100 - only a query of this kind needs it

        self._modules: dict[Path, Any] = {}
        self._files = _files()
        by_name = {name: self._caller(name) for name in self._files}
        # SQL, which is no markup: nothing is escaped.
        self._environment = jinja2.Environment(
            extensions=["jinja2.ext.do"],
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701
        )
        self._environment.globals.update(by_name)
        self._environment.globals.update(
            {
                PACKAGE: by_name,
                "adapter": {"dispatch": self._dispatch},
                "env_var": lambda _name, default="": default,
                "exceptions": {"raise_compiler_error": _reject},
                "execute": False,
                "ref": lambda *names: names[-1],
                "return": _return,
                "var": variables.__getitem__,
            }
        )

    def call(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Return what a macro returns: its text, or the value of its ``return``."""
        file = self._files[name]
        if file not in self._modules:
            # A macro would call its neighbours in a file directly, and their `return` would end it,
            # too. By the other names of its neighbours it finds `_caller`, as in dbt.
            text = _MACRO.sub(rf"\1{_PREFIX}\2", file.read_text(encoding="utf-8"))
            self._modules[file] = self._environment.from_string(text).module
        try:
            return getattr(self._modules[file], _PREFIX + name)(*arguments, **named)
        except _Returned as returned:
            return returned.value

    def _caller(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **named: self.call(name, *arguments, **named)

    def _dispatch(self, name: str, _package: str) -> Callable[..., Any]:
        return self._caller(f"duckdb__{name}")


@cache
def _files() -> dict[str, Path]:
    """Return the file of each macro. Those of materializations are not only templates."""
    return {
        name: file
        for file in sorted((models_folder() / "macros").rglob("*.sql"))
        if file.parent.name != "materializations"
        for _, name in _MACRO.findall(file.read_text(encoding="utf-8"))
    }


def _return(value: Any) -> NoReturn:
    raise _Returned(value)


def _reject(message: str) -> NoReturn:
    raise ConfigError(message)
