"""The page on ``mixpanel_data``: every public name, with its signature and what its docstring says."""

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel

import mixpanel_data
from mixpanel_data import Workspace, auth, exceptions, types
from mixpanel_data._internal.workspace.descriptors import Delegated, lazily
from mixpanel_data._internal.workspace.fetching import Fetching
from mixpanel_data._internal.workspace.mixpanel import Discovery, Queries
from mixpanel_data._internal.workspace.tables import Tables
from mixpanel_data.cli.errors import exit_code
from mixpanel_data.docs.markdown import NOTICE, anchor, block, documented, joined, prose, table
from mixpanel_data.docs.signatures import overloads, type_text
from mixpanel_data.types.base import Answer, Record, Result, Table
from mixpanel_data.types.rows import Rows

_PARTS: tuple[tuple[str, type], ...] = (
    ("Fetching", Fetching),
    ("Tables and SQL", Tables),
    ("What there is in Mixpanel", Discovery),
    ("Mixpanel's reports", Queries),
)


def page() -> str:
    """The whole page."""
    return joined(
        [
            NOTICE,
            "# The library `mixpanel_data`",
            documented(mixpanel_data),
            block("python", "from mixpanel_data import MixpanelDataError, Workspace"),
            _contents(),
            *_workspace(),
            *_result_section(),
            *_error_section(),
            *_accounts(),
        ]
    )


def _errors() -> list[type[BaseException]]:
    return [
        each
        for each in vars(exceptions).values()
        if inspect.isclass(each)
        and issubclass(each, Exception)
        and each.__module__ == exceptions.__name__
    ]


def _contents() -> str:
    def links(names: list[str]) -> str:
        return ", ".join(f"[`{name}`]({anchor(name)})" for name in names)

    parts = ", ".join(f"[{title}]({anchor(title)})" for title, _ in _PARTS)
    return "\n".join(
        [
            f"- [`Workspace`](#workspace): {parts}",
            f"- [Results](#results): {links([*types.__all__, 'Rows'])}",
            f"- [Errors](#errors): {links([error.__name__ for error in _errors()])}",
            f"- [Accounts](#accounts): {links(auth.__all__)}",
        ]
    )


def _workspace() -> Iterator[str]:
    yield "## Workspace"
    yield block("python", overloads("Workspace", Workspace))
    yield documented(Workspace)
    yield from _members("ws", Workspace, "###")
    for title, part in _PARTS:
        yield f"### {title}"
        yield documented(part)
        yield from _members("ws", part, "####")


def _members(instance: str, kind: type, level: str) -> Iterator[str]:
    """The public methods and attributes that ``kind`` itself has, in the order of its source."""
    for name, member in vars(kind).items():
        is_class_method = isinstance(member, classmethod)
        if name.startswith("_") or not (
            is_class_method or isinstance(member, Delegated) or inspect.isfunction(member)
        ):
            continue
        method: Callable[..., Any] = getattr(kind, name)
        yield f"{level} {name}"
        yield block(
            "python",
            overloads(f"{kind.__name__ if is_class_method else instance}.{name}", method),
        )
        yield documented(method)
    yield from _attributes(kind)


def _attributes(kind: type) -> Iterator[str]:
    found = [
        (f"`{name}`", documented(member))
        for name, member in vars(kind).items()
        if not name.startswith("_") and isinstance(member, lazily | property | exceptions._Detail)
    ]
    if found:
        yield table(["attribute", "what it is"], found)


def _result_section() -> Iterator[str]:
    yield "## Results"
    yield documented(types)
    yield table(
        ["kind", "what it is", "what it has"],
        [
            (f"`{kind.__name__}`", documented(kind), _own(kind))
            for kind in (Record, Result, Table, Answer)
        ],
    )
    for name in types.__all__:
        kind = getattr(types, name)
        yield f"### {name}"
        if name != kind.__name__:
            yield f"Another name of [`{kind.__name__}`]({anchor(kind.__name__)})."
            continue
        yield _fields(kind)
        yield documented(kind)
        yield from _attributes(kind)
    yield "### Rows"
    yield documented(Rows)
    yield from _members("rows", Rows, "####")


def _own(kind: type) -> str:
    """What ``kind`` adds to those above it, in one line."""
    return " ".join(
        f"`{name}`: {documented(inspect.getattr_static(kind, name))}"
        for name in vars(kind)
        if not name.startswith("_")
    )


def _fields(kind: type) -> str:
    above = kind.__mro__[1].__name__
    fields = [
        f"    {item.name}: {type_text(item.type)}"
        for item in dataclasses.fields(kind)
        if not item.name.startswith("_")
    ]
    return block("python", "\n".join([f"class {kind.__name__}({above}):", *fields]))


def _error_section() -> Iterator[str]:
    first, _, tree = (inspect.getdoc(exceptions) or "").partition("\n\n")
    yield "## Errors"
    yield prose(first)
    yield block("text", tree)
    for error in _errors():
        yield f"### {error.__name__}"
        if issubclass(error, exceptions.MixpanelDataError):
            ends_with = exit_code(error.__new__(error))
            yield f"`{error.code}`, exit code {ends_with} of `mp`."
        yield documented(error)
        yield from _attributes(error)


def _accounts() -> Iterator[str]:
    yield "## Accounts"
    yield block("python", f"from mixpanel_data.auth import {', '.join(auth.__all__)}")
    for name in auth.__all__:
        kind = getattr(auth, name)
        yield f"### {name}"
        if issubclass(kind, BaseModel):
            lines = [f"    {n}: {type_text(f.annotation)}" for n, f in kind.model_fields.items()]
            yield block("python", "\n".join([f"class {name}:", *lines]))
            yield documented(kind)
        else:
            yield documented(kind)
            yield from _members("manager", kind, "####")
