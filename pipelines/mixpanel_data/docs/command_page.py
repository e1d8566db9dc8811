"""The page on ``mp``: every command with its help, its example and its options, and the exit codes."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from mixpanel_data.cli.app import app
from mixpanel_data.cli.errors import MEANINGS
from mixpanel_data.cli.options import Format
from mixpanel_data.docs.markdown import NOTICE, anchor, block, joined, prose, table

_EXAMPLE = "Example: "
_FORMATS = {
    Format.table: "for people: as wide as the terminal, and into a pipe as wide as it needs to be",
    Format.json: "one JSON value on one line, never coloured; results as `to_dict()` has them",
    Format.jsonl: "a JSON value a line: the rows of `df`",
    Format.csv: "the rows of `df` below a line of names; what is missing is empty. Names and values are as they came, also "
    "those that a spreadsheet would run as a formula: `--csv-safe` puts `'` before them",
}
_SHARED = 5  # an option of so many commands is told once


def page() -> str:
    """The whole page."""
    tree: Any = typer.main.get_command(app)
    commands = list(_commands(tree, "mp"))
    common = _common(commands)
    return joined(
        [
            NOTICE,
            "# The command `mp`",
            prose(tree.help),
            "Data goes to stdout, all else to stderr. `mp --install-completion` makes the shell complete commands, options "
            "and account names; `-h` and `--help` explain each command.",
            _contents(commands),
            "## Exit codes",
            table(["code", "meaning"], [(str(code), said) for code, said in MEANINGS.items()]),
            "## Formats",
            table(
                ["`--format`", "what is printed"],
                [(f"`{name}`", _FORMATS[name]) for name in Format],
            ),
            "With `--format json` or `jsonl` an error is one JSON object on stderr: `code`, `message`, `details`.",
            "## Options of many commands",
            _options(common.values()),
            *_groups(tree, commands, common),
        ]
    )


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        yield from _commands(child, f"{path} {name}")


def _contents(commands: list[tuple[str, Any]]) -> str:
    return table(
        ["command", "what it does"],
        [
            (f"[`{path}`]({anchor(path)})", command.help.strip().splitlines()[0])
            for path, command in commands
        ],
    )


def _common(commands: list[tuple[str, Any]]) -> dict[tuple[str, str], Any]:
    """The options that many commands have, by what their help says."""
    found = {_record(p): p for _, command in commands for p in _own(command)}
    times = Counter(_record(p) for _, command in commands for p in _own(command))
    return {record: found[record] for record, n in times.items() if n >= _SHARED}


def _own(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "option"]


def _groups(
    tree: Any, commands: list[tuple[str, Any]], common: dict[tuple[str, str], Any]
) -> Iterator[str]:
    group = ""
    for path, command in commands:
        words = path.split()
        if len(words) == 3 and words[1] != group:
            group = words[1]
            yield f"## mp {group}"
            yield prose(tree.commands[group].help)
        yield f"{'#' * len(words)} {path}"
        yield from _described(command, common)


def _described(command: Any, common: dict[tuple[str, str], Any]) -> Iterator[str]:
    paragraphs = command.help.strip().split("\n\n")
    yield prose("\n\n".join(each for each in paragraphs if not each.startswith(_EXAMPLE)))
    examples = [
        " ".join(each.removeprefix(_EXAMPLE).split())
        for each in paragraphs
        if each.startswith(_EXAMPLE)
    ]
    yield block("console", "\n".join(f"$ {example}" for example in examples))
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    own = [each for each in _own(command) if _record(each) not in common]
    if arguments or own:
        yield _options([*arguments, *own])
    shared = [f"`{each.opts[0]}`" for each in _own(command) if _record(each) in common]
    if shared:
        yield f"Also {', '.join(shared)}."


def _options(parameters: Any) -> str:
    return table(["", "meaning"], [(f"`{name}`", said) for name, said in map(_record, parameters)])


@cache
def _context() -> typer.Context:
    return typer.Context(typer.main.get_command(app))


def _record(parameter: Any) -> tuple[str, str]:
    name, said = parameter.get_help_record(_context())
    return name, said.replace("  [", " [")
