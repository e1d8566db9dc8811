"""Promise 2: killed at any instant, working folder kept or lost, the next run ends right.

Which instants differs from day to day; ``MP_TEST_SEED`` (a number) repeats a day's.
"""

import os
import random
import shutil
import time
from pathlib import Path

import pytest
from support.crash.child import ForkServer
from support.crash.points import CLEARING, LANDING, LATER, LOADING
from support.crash.project import ChangingProject, assert_right, back, verified_windows

from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.ledger.reader import read_ledger

KILLED = -9
SEED = int(os.environ["MP_TEST_SEED"])

POINTS = LANDING | LOADING | LATER
# Every point with dlt's folder kept or lost: the one today, the other tomorrow. While a run lands, dlt's folder is as
# the run before left it: to lose it is nothing new then.
KEPT_OR_LOST = [
    (name, ("kept", "lost")[(number + SEED) % 2]) for number, name in enumerate(LOADING | LATER)
]


@pytest.mark.parametrize(
    ("name", "dlt_folder"), [*((name, "kept") for name in LANDING), *KEPT_OR_LOST]
)
def test_promise_2_killed_at_a_step_the_next_run_ends_right(
    children: ForkServer, project: ChangingProject, folder: Path, name: str, dlt_folder: str
) -> None:
    assert children.run(project.run(folder).dying(POINTS[name])) == KILLED
    if dlt_folder == "lost":
        shutil.rmtree(folder / "dlt")
    verified = _after_the_kill(project, folder)

    assert children.run(project.run(folder)) == 0

    assert_right(project, folder)
    assert not verified & project.asked()  # a verified file is never fetched twice


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("normalized", CLEARING["old load moved"]),
        ("before dlt's marker", CLEARING["old load dropped"]),
        ("renamed, without a note", CLEARING["swept"]),
        ("before _dlt_loads", LOADING["committed"]),
        ("days replaced, no ledger", LOADING["ledger written, no commit"]),
        ("extracting", LOADING["before normalize commits"]),
        ("note gone, file there", LOADING["before the discard"]),
        ("second package, committed", LOADING["package archived"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "repeated",
)
def test_promise_2_killed_twice_while_it_recovers(
    children: ForkServer, project: ChangingProject, folder: Path, first: str, second: str
) -> None:
    assert children.run(project.run(folder).dying(POINTS[first])) == KILLED
    assert children.run(project.run(folder).dying(second)) == KILLED
    verified = _after_the_kill(project, folder)

    assert children.run(project.run(folder)) == 0

    assert_right(project, folder)
    assert not verified & project.asked()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "dlt_folder"),
    [
        ("first bytes in the .part", "kept"),
        ("renamed, without a note", "kept"),
        ("half a note", "kept"),
        ("note written", "kept"),
        ("days replaced, no ledger", "kept"),
        ("committed", "kept"),
        ("committed", "lost"),
        ("before _dlt_loads", "kept"),
        ("before _dlt_loads", "lost"),
        ("after _dlt_loads", "lost"),
    ],
)
def test_promise_2_killed_while_it_reads_old_days_once_more(
    children: ForkServer, project: ChangingProject, folder: Path, name: str, dlt_folder: str
) -> None:
    """The next run has no reason of its own to ask for them, and yet rows and ledger agree, and nothing stays behind."""
    repeated = project.run(folder, first=back(8), last=back(6))
    assert children.run(repeated.dying(POINTS[name])) == KILLED
    if dlt_folder == "lost":
        shutil.rmtree(folder / "dlt")

    assert children.run(project.run(folder)) == 0

    assert_right(project, folder, project.events(), project.events(old=True))


@pytest.mark.parametrize("name", ["before the transaction", "ledger written, no commit"])
@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(n, marks=pytest.mark.e2e) for n in range(2, 5))]
)
def test_promise_2_killed_while_duckdb_works(
    children: ForkServer, project: ChangingProject, folder: Path, name: str, seed: int
) -> None:
    """Inside its insert, its commit or its checkpoint, where no name of Python's leads."""
    instant = random.Random(f"{name} {seed} {SEED}").uniform(0, 0.03)
    assert children.run(project.run(folder).dying(LOADING[name], seconds=instant)) == KILLED
    _after_the_kill(project, folder)

    assert children.run(project.run(folder)) == 0

    assert_right(project, folder)


@pytest.mark.parametrize(
    "seed", [0, 1, 2, *(pytest.param(n, marks=pytest.mark.e2e) for n in range(3, 7))]
)
def test_promise_2_killed_at_random_instants(
    children: ForkServer, project: ChangingProject, folder: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(f"{seed} {SEED}")
    started = time.monotonic()
    assert children.run(project.run(Path(shutil.copytree(folder, tmp_path / "whole")))) == 0
    whole = time.monotonic() - started

    for part in range(3):
        instant = whole * (part + chance.random()) / 3
        children.run(project.run(folder).dying(seconds=instant))
        if chance.random() < 0.5:
            shutil.rmtree(folder / "dlt")
        _after_the_kill(project, folder)
    assert children.run(project.run(folder)) == 0

    assert_right(project, folder)


def _after_the_kill(project: ChangingProject, folder: Path) -> set[tuple[str, str]]:
    """The windows that are landed and verified. The folder is not locked, and the ledger can be read."""
    with exclusive(DataFolder.at(folder)):
        assert read_ledger(folder / "raw.duckdb").days
    project.asked()
    return verified_windows(project, folder)
