"""`mp sync` that gets SIGINT or SIGTERM stops at once and in order, and the next run continues from there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import psutil
import pytest
from support.crash.command import THERE, Command, Ended, Running
from support.crash.next_run import sync_from
from support.crash.points import Point, after, before
from support.crash.project import left_behind

from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data.sandbox import Dataset, Fault, FaultKind, Sandbox

DAYS = 12  # three windows, as planned on an empty ledger
INSIDE_A_LOAD = before("mixpanel_data.destinations.replace_events:_day_counts")

either = pytest.mark.parametrize("number", [SIGINT, SIGTERM], ids=lambda number: number.name)


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return Dataset.sample(days=DAYS, users=30)


@pytest.fixture
def server(sample: Dataset) -> Iterator[Sandbox]:
    with Sandbox(sample.copy()) as sandbox:
        yield sandbox


@pytest.fixture
def mp(server: Sandbox, tmp_path: Path, started_mp: None) -> Iterator[Command]:
    command = Command(tmp_path, {**server.env(), "MP_DATA_DIR": str(tmp_path / "data")})
    yield command
    command.close()


@pytest.fixture
def sync(mp: Command, server: Sandbox) -> Callable[..., Running]:
    def start(*more: str, at: Point | None = None, event: str = "") -> Running:
        first = str(server.dataset.days()[0])
        return mp.start("sync", "--from", first, "--no-build", *more, at=at, event=event)

    return start


def assert_stopped(ended: Ended, number: Signals) -> None:
    assert ended.returncode == 128 + number
    assert "Stopped" in ended.stderr
    assert "Traceback" not in ended.stderr


def assert_goes_on(server: Sandbox, folder: Path) -> None:
    """The next run loads everything."""
    server.faults.clear()
    with exclusive(DataFolder.at(folder)):
        pass

    sync_from(server.dataset.days()[0], server, folder)

    rows = {day: len(server.dataset.events_on(day)) for day in server.dataset.days()}
    ledger = read_ledger(folder / "raw.duckdb")
    assert {day: record.row_count for day, record in ledger.days.items()} == rows
    assert left_behind(folder) == []


@either
@pytest.mark.parametrize(
    "kind", [FaultKind.STALL_BEFORE_HEADERS, FaultKind.STALL, FaultKind.SLOW_DRIP]
)
def test_a_server_that_does_not_come_to_an_end_is_not_waited_for(
    sync: Callable[..., Running], server: Sandbox, tmp_path: Path, kind: FaultKind, number: Signals
) -> None:
    server.faults.add(Fault(kind, seconds=3600, times=None))

    running = sync().until(lambda: server.requests)

    assert_stopped(running.stop(number), number)
    assert_goes_on(server, tmp_path / "data")


def test_nor_is_one_that_keeps_profiles_back(
    sync: Callable[..., Running], server: Sandbox, tmp_path: Path
) -> None:
    server.faults.add(Fault(FaultKind.STALL, path="/api/query/engage", seconds=3600, times=None))

    running = sync().until(lambda: any("engage" in call.path for call in server.requests))

    assert_stopped(running.stop(SIGTERM), SIGTERM)
    assert_goes_on(server, tmp_path / "data")


def test_what_has_arrived_whole_stays(
    sync: Callable[..., Running], server: Sandbox, tmp_path: Path
) -> None:
    first = server.dataset.days()[0]
    server.faults.add(Fault(FaultKind.STALL, from_date=first, seconds=3600, times=None))
    notes = tmp_path / "data" / "landing"

    running = sync().until(lambda: len(list(notes.rglob("*.json"))) == 2)
    assert_stopped(running.stop(SIGINT), SIGINT)
    server.requests.clear()

    assert_goes_on(server, tmp_path / "data")
    exports = [call for call in server.requests if call.path.endswith("/export")]
    assert [call.params["from_date"] for call in exports] == [str(first)]


@either
def test_a_load_under_way_ends_its_transaction_and_no_more(
    sync: Callable[..., Running], server: Sandbox, tmp_path: Path, number: Signals
) -> None:
    running = sync(at=INSIDE_A_LOAD, event="wait").until((tmp_path / THERE).exists)

    assert_stopped(running.stop(number), number)
    assert read_ledger(tmp_path / "data" / "raw.duckdb").days == {}
    assert_goes_on(server, tmp_path / "data")


def test_the_second_signal_waits_for_nothing(
    sync: Callable[..., Running], server: Sandbox, tmp_path: Path
) -> None:
    running = sync(at=INSIDE_A_LOAD, event="hold").until((tmp_path / THERE).exists)

    while running.process.poll() is None:
        running.process.send_signal(SIGINT)
        time.sleep(0.05)

    assert running.end().returncode == 128 + SIGINT
    assert_goes_on(server, tmp_path / "data")


def test_waiting_for_somebody_else_can_be_given_up(
    sync: Callable[..., Running], tmp_path: Path
) -> None:
    waiting = before("mixpanel_data._internal.data_folder.lock:FileLock.acquire")
    with exclusive(DataFolder.at(tmp_path / "data")):
        running = sync("--lock-wait", "3600", at=waiting, event="report")
        assert_stopped(running.until((tmp_path / THERE).exists).stop(SIGTERM), SIGTERM)


def test_waiting_for_the_budget_can_be_given_up(
    sync: Callable[..., Running], server: Sandbox, tmp_path: Path
) -> None:
    server.faults.add(Fault(FaultKind.STATUS_429, retry_after=300, times=None))

    running = sync().until(lambda: server.requests)

    assert_stopped(running.stop(SIGINT), SIGINT)


@pytest.mark.parametrize("number", [SIGINT, pytest.param(SIGTERM, marks=pytest.mark.e2e)])
def test_dbt_ends_with_it(
    mp: Command, server: Sandbox, tmp_path: Path, number: Signals, parsed: Path
) -> None:
    first = str(server.dataset.days()[0])
    under_way = after("mixpanel_data._internal.run.progress:Progress.building", nth=4)
    command = ("sync", "--from", first, "--only", "events", "--quiet")

    running = mp.start(*command, at=under_way, event="hold").until((tmp_path / THERE).exists)
    below = psutil.Process(running.process.pid).children(recursive=True)
    assert below
    ended = running.stop(number)

    assert_stopped(ended, number)
    assert [process for process in below if _lives(process)] == []
    assert not (tmp_path / "data" / "mixpanel.duckdb").exists()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
