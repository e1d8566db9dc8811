"""Promise 2 where a run builds and publishes: whatever the instant, readers find a whole file, and the next one is right."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest
from crash.child import TODAY, Nursery
from crash.points import BUILDING, LOADING, PUBLISHING
from crash.project import Events, Shop, assert_right, back

from mixpanel_data.sandbox import Sandbox

KILLED = -9


class Folders:
    """What a folder can look like when a run comes to it: made once, then copied."""

    def __init__(self, shop: Shop, root: Path, children: Nursery) -> None:
        self.shop = shop
        self.before = shop.events()
        self.published = root / "published"
        assert children.run(shop.run(self.published, first=back(8), last=back(2), build=True)) == 0
        self.published_events = published(self.published)
        shop.go_on()
        self.built = Path(shutil.copytree(self.published, root / "built"))
        dying = shop.run(self.built, build=True).dying(PUBLISHING["before the seal"])
        assert children.run(dying) == KILLED


@pytest.fixture(scope="module")
def folders(children: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    with Sandbox(today=TODAY) as sandbox:
        shop = Shop(sandbox)
        shop.open()
        yield Folders(shop, tmp_path_factory.mktemp("made"), children)


def published(folder: Path) -> Events:
    """Every event readers find."""
    with duckdb.connect(str(folder / "mixpanel.duckdb"), read_only=True) as db:
        return Counter(db.execute("SELECT time::DATE, event, insert_id FROM events").fetchall())


@pytest.mark.parametrize("name", PUBLISHING)
def test_promise_2_killed_while_it_publishes(
    children: Nursery, folders: Folders, tmp_path: Path, name: str
) -> None:
    folder = Path(shutil.copytree(folders.built, tmp_path / "data"))
    publishing = folders.shop.run(folder, only_publish=True)

    assert children.run(publishing.dying(PUBLISHING[name])) == KILLED

    swapped = name in ("swapped", "published")
    assert published(folder) == (folders.shop.events() if swapped else folders.published_events)
    if not swapped:
        assert children.run(publishing) == 0
    assert published(folder) == folders.shop.events()


@pytest.mark.parametrize("name", ["dbt under way", "linked"])
def test_promise_2_killed_while_it_builds_or_publishes_the_next_run_publishes_the_truth(
    children: Nursery, folders: Folders, tmp_path: Path, name: str
) -> None:
    _kill_and_run_again(children, folders, tmp_path, name)


@pytest.mark.e2e
@pytest.mark.parametrize("name", BUILDING | PUBLISHING)
def test_promise_2_killed_anywhere_in_build_and_publication(
    children: Nursery, folders: Folders, tmp_path: Path, name: str
) -> None:
    _kill_and_run_again(children, folders, tmp_path, name)


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["committed", "before _dlt_loads", "after _dlt_loads"])
def test_promise_2_old_days_that_were_read_again_are_published_as_they_are_loaded(
    children: Nursery, folders: Folders, tmp_path: Path, name: str
) -> None:
    folder = Path(shutil.copytree(folders.published, tmp_path / "data"))
    again = folders.shop.run(folder, first=back(8), last=back(6), build=True)

    assert children.run(again.dying(LOADING[name])) == KILLED
    assert children.run(folders.shop.run(folder, build=True)) == 0

    with duckdb.connect(str(folder / "raw.duckdb"), read_only=True) as db:
        raw = db.execute("SELECT time::DATE, event, insert_id FROM mixpanel.events").fetchall()
    assert published(folder) == Counter(raw)


def _kill_and_run_again(children: Nursery, folders: Folders, tmp_path: Path, name: str) -> None:
    building = name in BUILDING
    begin = folders.published if building else folders.built
    folder = Path(shutil.copytree(begin, tmp_path / "data"))
    run = folders.shop.run(folder, build=True)

    dying = run if building else folders.shop.run(folder, only_publish=True)
    assert children.run(dying.dying((BUILDING | PUBLISHING)[name])) == KILLED
    assert published(folder) in (folders.published_events, folders.shop.events())
    _until_no_dbt_runs_in(folder)
    if name == "dbt under way":  # it did not go on to its end
        assert not (folder / "build" / "target" / "run_results.json").exists()
    assert children.run(run) == 0

    assert published(folder) == folders.shop.events()
    assert_right(folders.shop, folder)
    assert sorted(path.name for path in (folder / "build").glob("*.*")) == ["retired.duckdb"]


def _until_no_dbt_runs_in(folder: Path) -> None:
    """A dbt whose parent was killed ends by itself: where it does not, this never returns."""
    while any(_works_in(process, folder) for process in psutil.process_iter()):
        time.sleep(0.05)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(
            "MP_DATA_DIR"
        ) == str(folder)
    except psutil.Error:
        return False
