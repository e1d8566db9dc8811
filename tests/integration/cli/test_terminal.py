"""What a person sees in a narrow terminal, and that a program never sees any of it."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from mixpanel_data.auth import ConfigManager
from mixpanel_data.cli.output import tables

Seen = Callable[..., str]

USERNAME = "a-service-account-with-a-long-name.mp-service-account"


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    """What ``mp`` writes to a terminal of 60 columns."""
    accounts = tmp_path / "accounts" / "config.toml"
    for name in ("production", "staging"):
        ConfigManager(accounts).add_account(name, USERNAME, "secret", "12345", "eu")

    def run(*arguments: str) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        with subprocess.Popen(
            [str(Path(sys.executable).with_name("mp")), *arguments],
            env=environment | {"MP_CONFIG_PATH": str(accounts), "TERM": "xterm-256color"},
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
        ) as process:
            os.close(theirs)
            read = b""
            while chunk := _read(ours):
                read += chunk
            assert process.wait(timeout=60) == 0
        os.close(ours)
        return read.decode().replace("\r\n", "\n")

    return run


def uncoloured(text: str) -> str:
    return re.sub(r"\x1b\[\d*m", "", text)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux raises it when no process can write any more
        return b""


@pytest.mark.parametrize("fmt", ["json", "jsonl", "csv"])
def test_data_is_neither_wrapped_nor_coloured_in_a_terminal(fmt, seen: Seen):
    lines = seen("auth", "list", "--format", fmt).splitlines()

    assert "\x1b" not in "".join(lines)
    if fmt == "json":
        assert [account["username"] for account in json.loads(lines[0])] == [USERNAME] * 2
    assert len(lines) == {"json": 1, "jsonl": 2, "csv": 3}[fmt]
    assert all(USERNAME in line for line in lines[-1:])


def test_a_table_that_does_not_fit_becomes_a_block_for_each_row(seen: Seen):
    blocks = seen("auth", "list").strip().split("\n\n")

    assert len(blocks) == 2
    lines = [line for line in uncoloured(blocks[0]).splitlines() if not line.startswith(" ")]
    names = [line.split()[0] for line in lines]
    assert names == ["name", "username", "project_id", "region", "is_default"]
    assert USERNAME in re.sub(r"\s", "", uncoloured(blocks[0]))


def test_a_table_that_fits_stays_one(seen: Seen):
    assert "─" * 20 in seen("auth", "show", "staging")


def test_into_a_pipe_a_table_is_as_wide_as_it_needs_to_be(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")

    tables.print_table(["text", "number", "nothing"], [["x" * 300, 1.5, None]])

    assert "x" * 300 in capsys.readouterr().out


@pytest.mark.parametrize(("width", "block"), [(80, False), (30, True)])
def test_long_texts_fold_before_columns_are_given_up(width, block, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))

    tables.print_table(["id", "description"], [[12345, "word " * 40], [2, None]])

    out = uncoloured(capsys.readouterr().out)
    assert ("─" not in out) is block
    assert out.count("word") == 40
    assert max(map(len, out.splitlines())) <= width


def test_an_emoji_is_as_wide_as_it_looks(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "31")

    tables.print_table(["a", "b"], [["🎉" * 10, "x" * 6]])
    assert "─" in capsys.readouterr().out
    tables.print_table(["a", "b"], [["🎉" * 11, "x" * 6]])
    assert "─" not in capsys.readouterr().out
