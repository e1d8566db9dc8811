"""Finds settings that have no effect because nothing is called like them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

PREFIX = "MP_"
DLT_PREFIX = "SOURCES__MIXPANEL__"

OTHER_VARIABLES = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("USERNAME", "SECRET", "PROJECT_ID", "REGION"),
        *("CONFIG_PATH", "PROJECT_DIR", "DBT_TARGET", "DEBUG"),
    )
)
"""Variables of this package that are no settings."""

HEADLESS_VARIABLES = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("APP_BASE_URL", "AUTH_FILE", "CUSTOM_HEADER_NAME", "CUSTOM_HEADER_VALUE"),
        *("OAUTH_STORAGE_DIR", "OAUTH_TOKEN", "PLAIN", "STORAGE_DIR", "TARGET", "WORKSPACE_ID"),
    )
)
"""Variables of mixpanel-headless, Mixpanel's own command-line tool."""

TEST_PREFIX = "MP_TEST_"
"""Variables of this package's tests."""

_NEAR = 0.75
DLT_KEYS = ("credentials", "start_date", "end_date", "max_table_nesting", "schema_contract")
"""Keys of the section that dlt reads. It also reads tables, which are named like a resource."""


@dataclass(frozen=True)
class UnknownSetting:
    """A key or a variable that is no setting, its file (or ``environment``), and the nearest
    setting, if one is near."""

    name: str
    origin: str
    nearest: str | None

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest}?" if self.nearest else ""
        where = "" if self.origin == ENVIRONMENT else f" in {self.origin}"
        return f"{self.name}{where} is not a setting and has no effect.{hint}"


ENVIRONMENT = "environment"


def unknown_settings(
    names: Collection[str], section: Mapping[str, Any], file: str, env: Iterable[str]
) -> list[UnknownSetting]:
    """Return the keys of ``section``, which is in ``file``, and the variables of ``env`` that are
    not among ``names``."""
    return [*_keys(names, section, file), *_variables(names, env)]


def _keys(
    names: Collection[str], section: Mapping[str, Any], file: str
) -> Iterator[UnknownSetting]:
    for key, value in section.items():
        if key in names or key in DLT_KEYS:
            continue
        unknown = UnknownSetting(key, file, _nearest(key, names))
        if unknown.nearest or not isinstance(value, Mapping):
            yield unknown


def _variables(names: Collection[str], env: Iterable[str]) -> Iterator[UnknownSetting]:
    known = {f"{PREFIX}{name.upper()}" for name in names} | OTHER_VARIABLES
    by_dlt = {f"{DLT_PREFIX}{name.upper()}" for name in names}
    for name in sorted(env):
        if name.startswith(DLT_PREFIX) and "__" not in name.removeprefix(DLT_PREFIX):
            if name not in by_dlt:
                yield UnknownSetting(name, ENVIRONMENT, _nearest(name, by_dlt))
        elif _is_candidate(name) and name not in known:
            yield UnknownSetting(name, ENVIRONMENT, _nearest(name, known))


def _is_candidate(name: str) -> bool:
    other = name.startswith(TEST_PREFIX) or name in HEADLESS_VARIABLES
    return name.startswith(PREFIX) and not other


def _nearest(name: str, known: Collection[str]) -> str | None:
    # A common prefix would make every variable near to every other one.
    short = {each.removeprefix(PREFIX).removeprefix(DLT_PREFIX).lower(): each for each in known}
    wanted = name.removeprefix(PREFIX).removeprefix(DLT_PREFIX).lower().replace("-", "_")
    found = get_close_matches(wanted, short, n=1, cutoff=_NEAR)
    return short[found[0]] if found else None
