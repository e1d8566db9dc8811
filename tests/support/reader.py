"""A reader in a process of its own, as a BI tool is one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_READ = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "True") as db:
    print("open", flush=True)
    for _ in sys.stdin:
        print(db.execute("select count(*) from events").fetchone()[0], flush=True)
"""


class Reader:
    """Holds a file open and counts its events when asked."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert self._line() == "open"

    def count(self) -> int:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@contextmanager
def holding(path: Path, *, read_only: bool = True) -> Iterator[Reader]:
    """A process that has ``path`` open until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _READ, str(path), str(read_only)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Reader(process)
