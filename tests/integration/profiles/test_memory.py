"""What a run over 200,000 profiles takes of the machine's memory: its process alone, at the peak."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHILDREN = Path(__file__).parents[2] / "benchmarks" / "children.py"
COUNT = 200_000
MEGABYTES = 300


@contextmanager
def server(*, changed: int) -> Iterator[str]:
    """The address of a sandbox with so many profiles of a kilobyte, in a process of its own."""
    command = [sys.executable, str(CHILDREN), "serve_profiles", str(COUNT), str(changed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def read(*arguments: object) -> dict[str, Any]:
    """What a complete snapshot took, in a process of its own."""
    command = [sys.executable, str(CHILDREN), "read_profiles", *map(str, arguments), "full"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is counted in bytes")
@pytest.mark.e2e
def test_promise_7_200_000_profiles_take_300_mb_new_or_all_of_them_changed(tmp_path):
    with server(changed=0) as before:
        first = read(before, tmp_path)
    with server(changed=COUNT) as after:
        second = read(after, tmp_path)

    assert first["result"]["profiles"] == second["result"]["profiles"] == COUNT
    assert first["rss"] <= MEGABYTES
    assert second["rss"] <= MEGABYTES
