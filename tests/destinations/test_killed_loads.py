"""Promise 17: a run that is killed at any step loads nothing twice and loses nothing, with its
working folder or without it."""

import shutil
from pathlib import Path

import pytest
from support.crash.points import after, before
from support.killed_load import run_and_die
from support.places import Place

_JOBS = "dlt.common.storages.load_package:PackageStorage"

POINTS = {
    "extract": after("mixpanel_data.sources.converted:_copy"),
    "normalized": before("dlt.pipeline.pipeline:Pipeline.load"),
    # The rows are committed, and dlt has not recorded it: it repeats the job.
    "second job": before(f"{_JOBS}.complete_job", 2),
    "loaded": before(f"{_JOBS}.complete_loading_package"),
}

KEPT = ("normalized", "second job")
"""Where dlt goes on with the package that it finds in its working folder."""

CASES = [
    *(("duckdb", name, kept) for name in POINTS for kept in (True, False)),
    *((kind, name, name in KEPT) for kind in ("postgres", "delta") for name in POINTS),
]


@pytest.mark.parametrize(("kind", "point", "kept"), CASES)
def test_promise_17_after_a_kill_the_next_run_has_every_row_once(
    project, kind: str, point: str, kept: bool, tmp_path: Path, request: pytest.FixtureRequest
):
    if kind == "postgres":
        request.getfixturevalue("postgres")
    place = Place(kind, tmp_path, dataset=f"d{abs(hash(str(tmp_path)))}")

    assert run_and_die(place, {}, POINTS[point]) == -9
    if not kept:
        shutil.rmtree(place.working_folder)
    place.run()

    assert place.events() == project.events(old=True)
    assert place.profiles() == project.profiles()
    counts: dict[object, int] = {}
    for (day, *_), n in place.events().items():
        counts[day] = counts.get(day, 0) + n
    assert {day: n for day, n in place.days().items() if n} == counts


@pytest.mark.parametrize("kind", ["duckdb"])  # deltalake does not survive a fork
def test_promise_17_the_same_when_days_are_replaced(project, kind: str, tmp_path: Path):
    place = Place(kind, tmp_path)
    place.run()
    project.change()

    assert run_and_die(place, {}, POINTS["second job"]) == -9
    shutil.rmtree(place.working_folder)
    place.run()

    assert place.events() == project.events()
    assert place.profiles() == project.profiles()
