"""Promise 2 where a run builds and publishes: at any instant, readers find a whole file, and the next one is right."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psutil
import pytest
from support.crash import by_hand
from support.crash.child import TODAY, ForkServer
from support.crash.points import BUILDING, LOADING, PUBLISHING
from support.crash.project import ChangingProject, Events, assert_right, back

from mixpanel_data.sandbox import Sandbox

KILLED = -9


def published(folder: Path) -> Events:
    """Every event readers find."""
    with duckdb.connect(str(folder / "mixpanel.duckdb"), read_only=True) as db:
        return Counter(db.execute("SELECT time::DATE, event, insert_id FROM events").fetchall())


@pytest.mark.parametrize("name", PUBLISHING)
def test_promise_2_killed_while_it_publishes(
    children: ForkServer, project: ChangingProject, folder: Path, name: str
) -> None:
    by_hand.build_and_publish(folder)
    before = published(folder)
    assert children.run(project.run(folder)) == 0
    by_hand.build(folder)
    publishing = project.run(folder, only_publish=True)

    assert children.run(publishing.dying(PUBLISHING[name])) == KILLED

    swapped = name in ("swapped", "recorded", "published")
    assert published(folder) == (project.events() if swapped else before)
    if not swapped:
        assert children.run(publishing) == 0
    assert published(folder) == project.events()


def test_promise_2_killed_while_dbt_runs(
    children: ForkServer, project: ChangingProject, folder: Path
) -> None:
    run = project.run(folder, build=True)

    assert children.run(run.dying(BUILDING["dbt under way"])) == KILLED
    _until_no_dbt_runs_in(folder)
    assert not (folder / "build" / "target" / "results.json").exists()  # it was not let end
    assert children.run(run) == 0

    assert published(folder) == project.events()
    assert_right(project, folder)


@dataclass
class Stages:
    """What a folder can look like when a run comes to it; made once, by dbt, then copied."""

    project: ChangingProject
    published: Path
    built: Path


@pytest.fixture(scope="module")
def stages(children: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    root = tmp_path_factory.mktemp("stages")
    with Sandbox(today=TODAY) as sandbox:
        project = ChangingProject(sandbox)
        made = Stages(project, root / "published", root / "built")
        project.fill()
        first = project.run(made.published, first=back(8), last=back(2), build=True)
        assert children.run(first) == 0
        project.change()
        shutil.copytree(made.published, made.built)
        dying = project.run(made.built, build=True).dying(PUBLISHING["before the seal"])
        assert children.run(dying) == KILLED
        yield made


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[Path], Path]:
    return lambda folder: Path(shutil.copytree(folder, tmp_path / "data"))


@pytest.mark.e2e
@pytest.mark.parametrize("name", BUILDING)
def test_promise_2_killed_while_it_builds(
    children: ForkServer, stages: Stages, copy: Callable[[Path], Path], name: str
) -> None:
    folder, project = copy(stages.published), stages.project
    before = published(folder)

    assert children.run(project.run(folder, build=True).dying(BUILDING[name])) == KILLED
    assert published(folder) == before

    _assert_next_run_publishes(children, project, folder)


@pytest.mark.e2e
@pytest.mark.parametrize("name", PUBLISHING)
def test_promise_2_killed_while_it_publishes_what_dbt_built(
    children: ForkServer, stages: Stages, copy: Callable[[Path], Path], name: str
) -> None:
    folder, project = copy(stages.built), stages.project
    before = published(folder)

    dying = project.run(folder, only_publish=True).dying(PUBLISHING[name])
    assert children.run(dying) == KILLED
    assert published(folder) in (before, project.events())

    _assert_next_run_publishes(children, project, folder)


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["committed", "before _dlt_loads", "after _dlt_loads"])
def test_promise_2_old_days_that_were_reread_are_published_as_they_are_loaded(
    children: ForkServer, stages: Stages, copy: Callable[[Path], Path], name: str
) -> None:
    folder, project = copy(stages.published), stages.project
    second = project.run(folder, first=back(8), last=back(6), build=True)

    assert children.run(second.dying(LOADING[name])) == KILLED
    assert children.run(project.run(folder, build=True)) == 0

    with duckdb.connect(str(folder / "raw.duckdb"), read_only=True) as db:
        raw = db.execute("SELECT time::DATE, event, insert_id FROM mixpanel.events").fetchall()
    assert published(folder) == Counter(raw)


def _assert_next_run_publishes(
    children: ForkServer, project: ChangingProject, folder: Path
) -> None:
    _until_no_dbt_runs_in(folder)
    assert children.run(project.run(folder, build=True)) == 0

    assert published(folder) == project.events()
    assert_right(project, folder)
    assert sorted(path.name for path in (folder / "build").glob("*.*")) == [
        "next.duckdb",
        "published.json",
        "sizes.json",
    ]


def _until_no_dbt_runs_in(folder: Path) -> None:
    """A dbt whose parent was killed ends by itself: where it does not, this never returns."""
    while any(_works_in(process, folder) for process in psutil.process_iter()):
        time.sleep(0.05)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        lives = process.status() != psutil.STATUS_ZOMBIE
        return lives and process.cwd() == str(folder)
    except psutil.Error:
        return False
