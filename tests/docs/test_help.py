"""``help()`` of every public name: a first sentence, each parameter, the errors."""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

MODULES = (
    "mixpanel_data",
    "mixpanel_data.types",
    "mixpanel_data.workspace",
    "mixpanel_data.exceptions",
    "mixpanel_data.sync",
    "mixpanel_data.settings",
    "mixpanel_data.auth",
    "mixpanel_data.project",
    "mixpanel_data.published",
    "mixpanel_data.sources",
    "mixpanel_data.sandbox",
)
RAISES_NOTHING = {
    "checkout_root",
    "close",
    "damage_error",
    "day_rows",
    "format_duration",
    "format_size",
    "info",
    "is_project",
    "models_folder",
    "origin",
    "read_target_record",
    "to_dict",
    "to_dicts",
    "records",
}


def public(module: str) -> dict[str, Any]:
    loaded = import_module(module)
    names = getattr(loaded, "__all__", None) or [
        name
        for name, value in vars(loaded).items()
        if inspect.isclass(value) and value.__module__ == module and not name.startswith("_")
    ]
    return {name: getattr(loaded, name) for name in names}


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class of ours defines or inherits from ours."""
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if not name.startswith("_") and _is_ours(kind, name):
            if isinstance(member, property):
                yield name, member
            elif callable(getattr(kind, name)) and not inspect.isclass(getattr(kind, name)):
                yield name, getattr(kind, name)


def _is_ours(kind: type, name: str) -> bool:
    home = next(base for base in kind.__mro__ if name in vars(base))
    return home.__module__.startswith("mixpanel_data")


NAMES = {f"{module}.{name}": value for module in MODULES for name, value in public(module).items()}
DOCUMENTED = {n: v for n, v in NAMES.items() if inspect.isclass(v) or inspect.isroutine(v)}
MEMBERS = {
    f"{name}.{each}": member
    for name, value in DOCUMENTED.items()
    if inspect.isclass(value)
    for each, member in members(value)
}
FUNCTIONS = {
    name: value
    for name, value in {**DOCUMENTED, **MEMBERS}.items()
    if inspect.isroutine(value) and not isinstance(value, property)
}
# The methods that callers, not subclasses or the sandbox's own server, use.
USED = {
    name: value
    for name, value in FUNCTIONS.items()
    if "Workspace." in name or ("sandbox" not in name and inspect.isfunction(NAMES.get(name)))
}


def test_the_walk_finds_the_public_names() -> None:
    assert "mixpanel_data.sync.sync" in USED
    assert "mixpanel_data.Workspace.segmentation" in USED
    assert "mixpanel_data.types.FunnelResult.segments" in MEMBERS
    assert len(USED) > 60


@pytest.mark.parametrize("module", MODULES)
def test_every_module_begins_with_a_sentence(module: str) -> None:
    assert first_sentence(import_module(module).__doc__)


def test_every_name_and_member_begins_with_a_sentence() -> None:
    silent = [
        name
        for name, value in {**DOCUMENTED, **MEMBERS}.items()
        if not first_sentence(inspect.getdoc(value))
    ]

    assert silent == []


def first_sentence(text: str | None) -> bool:
    """A text in words, which ends in a period or a colon, and is not what dataclasses write."""
    paragraph = (text or "").strip().split("\n\n")[0]
    return bool(re.match(r"[A-Z`${].*[.:)]$", paragraph, re.DOTALL)) and not re.match(
        r"\w+\(\w+: ", paragraph
    )


def test_every_parameter_is_documented() -> None:
    missing = [
        f"{name}: {parameter}"
        for name, function in USED.items()
        for parameter in inspect.signature(function).parameters
        if parameter != "self"
        and not re.search(rf"^ +\*{{0,2}}{parameter}: ", arguments(function), re.MULTILINE)
    ]

    assert missing == []


def arguments(function: Any) -> str:
    """The section Args of a docstring."""
    text = inspect.getdoc(function) or ""
    return re.split(r"\n\n\w+:\n", f"{text}\n\n".partition("Args:\n")[2])[0]


def test_no_parameter_is_documented_that_does_not_exist() -> None:
    wrong = [
        f"{name}: {parameter}"
        for name, function in USED.items()
        for parameter in re.findall(r"^    \*{0,2}(\w+): ", arguments(function), re.MULTILINE)
        if parameter not in inspect.signature(function).parameters
    ]

    assert wrong == []


def test_errors_are_documented() -> None:
    silent = [
        name
        for name, function in USED.items()
        if name.rpartition(".")[2] not in RAISES_NOTHING
        and "aise" not in (inspect.getdoc(function) or "")
    ]

    assert silent == []


def test_days_say_in_which_time_zone_they_are() -> None:
    silent = [
        name
        for name, function in USED.items()
        if {"from_date", "first"} & {*inspect.signature(function).parameters}
        and not re.search(r"zone|UTC|days of the project", inspect.getdoc(function) or "")
    ]

    assert silent == []


def test_durations_and_sizes_have_a_unit() -> None:
    silent = [
        f"{name}: {parameter}"
        for name, function in USED.items()
        for parameter in inspect.signature(function).parameters
        if re.search(r"seconds|timeout|max_wait|memory_limit", parameter)
        and not re.search(
            rf"{parameter}: .*?([Ss]econds|minute|GB|longest wait)", arguments(function), re.DOTALL
        )
    ]

    assert silent == []
