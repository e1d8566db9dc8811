"""Two data folders with one catalog: while a run of one loads or builds, that of the other is refused."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from support.crash.command import THERE, Command
from support.crash.points import before
from support.postgres_server import serving_postgres
from support.project import LAST, add_days

from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.settings import Settings, load_settings
from mixpanel_data.destinations.iceberg.catalog import open_lake
from mixpanel_data.destinations.iceberg.catalog_lock import exclusive_catalog, require_held
from mixpanel_data.destinations.iceberg.check_rows import rows_by_day
from mixpanel_data.exceptions import DatabaseLockedError, StorageError
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sync import lake

FIRST = LAST - timedelta(days=1)
SYNC = ("sync", "--no-build", "--only", "events", "--from", str(FIRST), "--to", str(LAST))
COMMIT = before("mixpanel_data.destinations.iceberg.load:replace")


@pytest.fixture
def engine(tmp_path: Path) -> dict[str, str]:
    """A catalog in SQLite, and where its tables are."""
    return {
        "engine": "spark",
        "catalog": f"sqlite:///{tmp_path / 'catalog.sqlite'}",
        "warehouse": str(tmp_path / "warehouse"),
    }


def test_a_second_run_is_refused_before_its_first_request_until_the_other_is_dead(engine, tmp_path):
    with Sandbox(today=LAST + timedelta(days=1)) as sandbox:
        add_days(sandbox, 2, 10)
        variables = {f"MP_{name.upper()}": value for name, value in engine.items()}
        mp = Command(tmp_path, sandbox.env() | variables)
        one, other = mp.at(tmp_path / "one"), mp.at(tmp_path / "other")
        # It waits at its first commit, when it has read the ledger.
        first = one.start(*SYNC, at=COMMIT, event="wait for file")
        first.until((tmp_path / THERE).exists)
        sent = len(sandbox.requests)
        refused = other.run(*SYNC, "--lock-wait", "0")
        asked = len(sandbox.requests) - sent
        first.stop(signal.SIGKILL)
        later = other.run(*SYNC, "--lock-wait", "0")

    assert refused.returncode == 7
    assert f"The Iceberg catalog {engine['catalog']} is in use by another process" in refused.stderr
    assert asked == 0
    assert later.returncode == 0, later.stderr
    catalog = open_lake(load_settings({}, data_dir=tmp_path / "read", **engine))
    assert rows_by_day(catalog) == {FIRST: 10, LAST: 10}


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(
    request: pytest.FixtureRequest, engine: dict[str, str], tmp_path: Path
) -> Iterator[Settings]:
    if request.param == "sqlite":
        yield load_settings({}, data_dir=tmp_path / "data", **engine)
        return
    with serving_postgres() as port:
        engine["catalog"] = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        yield load_settings({}, data_dir=tmp_path / "data", **engine)


def test_the_lock_ends_with_the_process_that_has_it(settings: Settings, tmp_path: Path):
    holder = os.fork()
    if holder == 0:
        with exclusive_catalog(settings):
            (tmp_path / "held").touch()
            signal.pause()
    waits: list[tuple[str, float]] = []
    try:
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        with (
            pytest.raises(DatabaseLockedError) as refused,
            exclusive_catalog(
                settings, wait_seconds=0.2, on_locked=lambda *call: waits.append(call)
            ),
        ):
            pass
    finally:
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
    with exclusive_catalog(settings, wait_seconds=10):
        pass

    is_named = str(settings.catalog).startswith("postgresql")
    name = f"process {holder} on {socket.gethostname()} (since " if is_named else "another process"
    assert name in str(refused.value)
    assert len(waits) == 1
    assert waits[0][0].startswith(name)
    assert 0 < waits[0][1] <= 0.2


def test_a_lock_that_was_lost_ends_the_run_before_it_publishes(engine, tmp_path):
    with serving_postgres() as port:
        address = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        settings = load_settings({}, data_dir=tmp_path / "data", **engine | {"catalog": address})
        with exclusive_catalog(settings):
            require_held(settings)
            with contextlib.closing(psycopg2.connect(address)) as other, other.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND application_name LIKE 'process %'"
                )
            for step in (
                lambda: lake.load_files(settings, Project("1", "us", "UTC", None), []),
                lambda: lake.build(settings, print),
                lambda: lake.move_tags(settings),
            ):
                with pytest.raises(StorageError, match="closed the connection that holds its lock"):
                    step()
        with exclusive_catalog(settings):
            require_held(settings)


def test_a_catalog_in_a_folder_that_does_not_exist_is_named(engine, tmp_path):
    catalog = f"sqlite:///{tmp_path / 'missing' / 'catalog.sqlite'}"
    settings = load_settings({}, data_dir=tmp_path / "data", **engine | {"catalog": catalog})

    with pytest.raises(StorageError, match="missing does not exist"), exclusive_catalog(settings):
        pass

    assert not (tmp_path / "missing").exists()
