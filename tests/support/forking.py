"""What a process does before it forks children for tests."""

import gc
from pathlib import Path


def collect_seldom() -> None:
    """Little of what tests make is garbage in circles; looking for it took them a twentieth of their time."""
    gc.set_threshold(50_000, 20, 50)


def settle() -> None:
    """What is there now stays, in this process and its children. Fails when there are threads: children have none."""
    gc.collect()
    gc.freeze()
    collect_seldom()
    tasks = Path("/proc/self/task")
    assert not tasks.exists() or len(list(tasks.iterdir())) == 1, "Threads do not survive a fork."
