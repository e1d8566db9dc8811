"""What profiles cost: a complete snapshot, the same once more, an increment. Also alone: ``python tests/benchmarks/profiles.py``."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import HERE, Taken, in_a_process, spread

COUNT = 200_000
CHANGED = 2_000


def profiles(_days: Path, work: Path, runs: int) -> None:
    """200,000 profiles of a kilobyte: read whole, read whole once more, one in a hundred changed, and only those."""
    taken: dict[str, list[Taken]] = {
        "complete snapshot": [],
        "the same once more": [],
        "increment, 1 % changed": [],
        "snapshot, 1 % changed": [],
    }
    with _server(COUNT, 0) as before, _server(COUNT, CHANGED) as after:
        for number in range(runs):
            folder, copy = work / f"people{number}", work / f"copy{number}"
            taken["complete snapshot"].append(_read(before, folder, full=True))
            taken["the same once more"].append(_read(before, folder, full=True))
            shutil.copytree(folder, copy)
            taken["increment, 1 % changed"].append(_read(after, folder, full=False))
            taken["snapshot, 1 % changed"].append(_read(after, copy, full=True))
            shutil.rmtree(folder)
            shutil.rmtree(copy)
    print(f"\n{COUNT:,} profiles, {runs} runs: minimum / median / maximum\n")
    for name, several in taken.items():
        print(
            f"{name:<24} {spread([t.wall for t in several], ' s')}   processor {spread([t.cpu for t in several], ' s')}"
            f"   memory {spread([t.rss for t in several], ' MB')}   {several[0].result}"
        )


def _read(url: str, folder: Path, *, full: bool) -> Taken:
    return in_a_process("read_profiles", url, folder, "full" if full else "")


@contextmanager
def _server(count: int, changed: int) -> Iterator[str]:
    command = [
        sys.executable,
        str(HERE / "children.py"),
        "serve_profiles",
        str(count),
        str(changed),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def main() -> None:
    """Three runs, in a temporary folder."""
    with tempfile.TemporaryDirectory() as work:
        profiles(Path(work), Path(work), 3)


if __name__ == "__main__":
    main()
