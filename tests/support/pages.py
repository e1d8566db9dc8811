"""Runs the code blocks of a documentation page as a reader does, and compares what they print.

- ``console``: lines that begin with ``$`` are typed into one shell, and the lines after each are what it prints. A line
  ``…`` stands for any lines, and ``…`` within a line for any text. A number may be half or twice the one shown, and a
  day any day: the sample data end yesterday. Without lines after it, a command may print anything.
- A block with ``title="FILE"`` is written to that file; with ``title="FILE, at the end"`` it is added to it.
- Other blocks are only read.

A command has to end with 0, unless the next one is ``echo $?``.
"""

import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r'^```(?P<language>\w+)?(?: title="(?P<title>[^"]+)")?\n(?P<body>.*?)^```$', re.M | re.S
)
_END = "this command ended with"
_AT_THE_END = ", at the end"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    language: str
    title: str
    body: str


@dataclass(frozen=True)
class Command:
    """A line that a reader types, and the lines that the page shows after it."""

    line: str
    output: tuple[str, ...]


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(found["language"] or "", found["title"] or "", found["body"])
        for found in _FENCE.finditer(text)
    ]


def commands(body: str) -> Iterator[Command]:
    """Yield the commands of a ``console`` block."""
    parts = re.split(r"^\$ ", body, flags=re.M)
    assert not parts[0].strip(), f"no command before this output: {parts[0]}"
    for part in parts[1:]:
        line, *output = part.splitlines()
        yield Command(line, tuple(output))


def differs(shown: str, printed: str) -> str:
    """Return why ``printed`` is not what the page shows, or an empty text."""
    lines = [_plain(line) for line in shown.splitlines() if line.strip()]
    actual = "".join(f"{_plain(line)}\n" for line in printed.splitlines() if line.strip())
    found = re.fullmatch("".join(map(_pattern, lines)), actual)
    if not found:
        return "other text"
    numbers = [text for line in lines for text in _NUMBER.findall(_DAY.sub("", line))]
    pairs = zip(numbers, found.groups(), strict=True)
    far = [f"{mine} for {theirs}" for mine, theirs in pairs if not _near(mine, theirs)]
    return ", ".join(far)


def _plain(line: str) -> str:
    return re.sub(r"─+", "─", " ".join(line.split()))


def _pattern(line: str) -> str:
    if line == "…":
        return r"(?:.*\n)*?"
    parts = re.split(rf"(…|{_DAY.pattern}|{_NUMBER.pattern})", line)
    return "".join(map(_part, parts)) + r"\n"


def _part(text: str) -> str:
    if text == "…":
        return ".*"
    if _DAY.fullmatch(text):
        return _DAY.pattern
    return f"({_NUMBER.pattern})" if _NUMBER.fullmatch(text) else re.escape(text)


def _near(shown: str, printed: str) -> bool:
    one, other = (float(text.replace(",", "")) for text in (shown, printed))
    return one / 2 <= other <= 2 * one


class Shell:
    """One shell for a whole page, in which folders and variables stay as commands left them."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._code = 0
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=env,
        )

    def run(self, line: str, *, seconds: float = 600) -> tuple[str, int]:
        """Return what a command printed, and its exit code."""
        assert self._process.stdin
        assert self._process.stdout
        typed = f"(exit {self._code}); {{ {line}\n}} </dev/null; printf '\\n{_END} %s\\n' $?\n"
        self._process.stdin.write(typed.encode())
        self._process.stdin.flush()
        printed = b""
        deadline = time.monotonic() + seconds
        while not (end := re.search(rf"\n{_END} (\d+)\n\Z".encode(), printed)):
            ready, _, _ = select.select([self._process.stdout], [], [], deadline - time.monotonic())
            piece = self._process.stdout.read1() if ready else b""  # type: ignore[attr-defined]
            assert piece, f"{line}: no end. It printed:\n{printed.decode()}"
            printed += piece
        self._code = int(end[1])
        return printed[: end.start()].decode(), self._code

    def folder(self) -> Path:
        """Return the working folder."""
        return Path(self.run("pwd")[0].strip())

    def close(self) -> None:
        """End the shell."""
        self._process.kill()
        self._process.communicate()


def follow(page: Path, shell: Shell, *, skip: Mapping[str, str], port: int) -> None:
    """Do what a page says.

    Commands that begin with a key of ``skip`` are not run: their value is a sentence that says why. The sandbox, which
    pages show on port 8000, listens on ``port``.
    """
    for block in blocks(page.read_text("utf-8")):
        if block.language == "console":
            _type_all(page, list(commands(block.body)), shell, skip, port)
        elif block.title:
            _write(shell.folder(), block, port)


def _type_all(
    page: Path, typed: list[Command], shell: Shell, skip: Mapping[str, str], port: int
) -> None:
    for command, following in zip(typed, [*typed[1:], None], strict=True):
        if command.line.startswith(tuple(skip)):
            continue
        printed, code = shell.run(command.line.replace(":8000", f":{port}"))
        printed = printed.replace(f":{port}", ":8000")
        where = f"{page.name}: {command.line}"
        checked = following is not None and following.line == "echo $?"
        assert checked or code == 0, f"{where}\nended with {code}:\n{printed}"
        if command.output:
            why = differs("\n".join(command.output), printed)
            assert not why, f"{where}\n{why}:\n{printed}"


def _write(folder: Path, block: Block, port: int) -> None:
    name = block.title.removesuffix(_AT_THE_END)
    text = block.body.replace(":8000", f":{port}")
    if name == block.title:
        (folder / name).write_text(text, "utf-8")
        return
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(text)
