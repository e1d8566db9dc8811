"""How functions are called, in types that a reader need not look up."""

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

_WIDTH = 100


def signature(name: str, function: Callable[..., Any]) -> str:
    """The call of ``name``, in one line or a parameter a line. Parameters for tests, ``_name``, are left out."""
    spelled = inspect.signature(function)
    parts = _parameters(spelled)
    returned = spelled.return_annotation
    is_constructor = isinstance(function, type)
    tail = (
        ""
        if is_constructor or returned is inspect.Signature.empty
        else f" -> {type_text(returned)}"
    )
    line = f"{name}({', '.join(parts)}){tail}"
    if len(line) <= _WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){tail}"


def overloads(name: str, function: Callable[..., Any]) -> str:
    """Every way to call ``name``."""
    ways = typing.get_overloads(function) or [function]
    return "\n".join(signature(name, way) for way in ways)


def type_text(kind: Any) -> str:
    """A type as it is written, aliases spelt out."""
    if kind is None or kind is types.NoneType:
        return "None"
    if kind is ...:
        return "..."
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return f"[{', '.join(map(type_text, kind))}]"
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return " | ".join(f'"{value}"' for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(type_text, arguments))
    name = getattr(origin or kind, "__name__", str(kind))
    return f"{name}[{', '.join(map(type_text, arguments))}]" if arguments else name


def _parameters(spelled: inspect.Signature) -> list[str]:
    parts: list[str] = []
    previous = None
    for parameter in spelled.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if previous == inspect.Parameter.POSITIONAL_ONLY != parameter.kind and parts:
            parts.append("/")
        if parameter.kind == inspect.Parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        if parameter.name.startswith("_"):
            continue
        parts.append(_parameter(parameter))
        previous = parameter.kind
    while parts and parts[-1] in "*/":
        parts.pop()
    return parts


def _parameter(parameter: inspect.Parameter) -> str:
    stars: dict[Any, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    text = stars.get(parameter.kind, "") + parameter.name
    if parameter.annotation is not inspect.Parameter.empty:
        text += f": {type_text(parameter.annotation)}"
    if parameter.default is not inspect.Parameter.empty:
        value = parameter.default
        text += f' = "{value}"' if isinstance(value, str) else f" = {value!r}"
    return text
