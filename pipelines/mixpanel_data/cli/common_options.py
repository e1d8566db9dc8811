"""Options that commands have in common: where they may stand, and those that each command gets."""

import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Annotated, Any

import typer

from mixpanel_data.cli.options import Format, QuietOption
from mixpanel_data.cli.output import verbosity
from mixpanel_data.cli.output.csv_safe import CsvSafeOption, csv_safe

FLAGS = ("--quiet", "-q", "--verbose")
WITH_VALUE = ("--format", "--data-dir", "--account", "-a")

VerboseOption = Annotated[
    bool,
    typer.Option("--verbose", help="More on stderr: each request, and the context of an error."),
]


def options_after_command(arguments: Sequence[str], command: Any) -> list[str]:
    """Return the arguments with the options before the command, or before a command of a group,
    moved to their end: ``mp --format json status`` is ``mp status --format json``."""
    # click takes options only after the command that declares them.
    path: list[str] = []
    moved: list[str] = []
    rest = list(arguments)
    while hasattr(command, "commands"):
        while rest and (size := _size(rest)):
            moved += rest[:size]
            del rest[:size]
        if not rest or rest[0] not in command.commands:
            return list(arguments)  # the parser names what is wrong
        command = command.commands[rest[0]]
        path.append(rest.pop(0))
    # After `--` everything is an argument, such as SQL that begins with two dashes.
    end = rest.index("--") if "--" in rest else len(rest)
    return [*path, *rest[:end], *moved, *rest[end:]]


def _size(arguments: Sequence[str]) -> int:
    """Return how many of the first arguments are an option that commands have in common."""
    name, equals, _ = arguments[0].partition("=")
    if arguments[0] in FLAGS or (name in WITH_VALUE and equals):
        return 1
    return 2 if name in WITH_VALUE and len(arguments) > 1 else 0


def wanted_format(arguments: Sequence[str]) -> str:
    """Return the value of ``--format``, before the arguments were parsed; empty without one."""
    options = list(arguments)
    options = options[: options.index("--")] if "--" in options else options
    wanted = ""
    for name, value in zip(options, [*options[1:], ""], strict=False):
        if name == "--format" and value in list(Format):
            wanted = value
        elif name.startswith("--format="):
            wanted = name.removeprefix("--format=")
    return wanted


def add_common_options(app: typer.Typer) -> None:
    """Add ``--quiet`` and ``--verbose`` to each command under ``app``, and ``--csv-safe`` to those
    that print data in formats."""
    for group in app.registered_groups:
        if group.typer_instance:
            add_common_options(group.typer_instance)
    for command in app.registered_commands:
        if not command.callback:
            continue
        known = inspect.signature(command.callback).parameters
        # Asked of the signature, so that a new command gets the options without being listed here.
        if "fmt" in known and "csv_safe" not in known:
            command.callback = _with(command.callback, "csv_safe", CsvSafeOption, csv_safe)
        command.callback = _with(command.callback, "quiet", QuietOption, verbosity.quiet)
        command.callback = _with(command.callback, "verbose", VerboseOption, verbosity.verbose)


def _with(
    function: Callable[..., Any],
    name: str,
    option: Any,
    within: Callable[[bool], AbstractContextManager[None]],
) -> Callable[..., Any]:
    """Return ``function`` that runs within what the option asks for. The option is passed on to a
    function that has a parameter of its name."""
    known = inspect.signature(function)
    has_it = name in known.parameters

    @wraps(function)
    def command(*args: Any, **options: Any) -> Any:
        # typer passes every declared option, and the function must not get one that it does not
        # know.
        asked = options[name] if has_it else options.pop(name, False)
        with within(bool(asked)):
            return function(*args, **options)

    if not has_it:
        added = inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option
        )
        command.__signature__ = known.replace(  # type: ignore[attr-defined]
            parameters=[*known.parameters.values(), added]
        )
        command.__annotations__ = {**function.__annotations__, name: option}
    return command
