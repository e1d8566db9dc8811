"""Promise 13: files stay within 1.5 times of a fresh copy, sync after sync, at a cost that does not grow."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from support.building import begin

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import build_stamp
from mixpanel_data._internal.publication.build_file import build_file
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.auth import Credentials
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sync import job

LIMIT = 1.5
FIRST = date(2026, 1, 1)
DAYS = 12
SYNCS = 16


def fresh_size(path: Path) -> int:
    """Bytes of a copy that DuckDB writes at once, in the same format."""
    copy = path.with_name("fresh copy")
    copy.unlink(missing_ok=True)
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as a (read_only)")
        [(version,)] = db.execute(
            "select rtrim(tags['storage_version'], '+') from duckdb_databases() where database_name = 'a'"
        ).fetchall()
        db.execute(f"attach '{copy}' as b (storage_version '{version}')")
        db.execute("copy from database a to b")
    size = copy.stat().st_size
    copy.unlink()
    return size


class Daily:
    """A project that is synced each day."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, DataFolder.at(folder)
        self.today = FIRST + timedelta(days=DAYS)
        for number in range(DAYS):
            self.add(FIRST + timedelta(days=number))
        for number in range(50):
            sandbox.dataset.set_profile(f"user {number}", {"n": number})

    def add(self, day: date) -> None:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for number in range(200):
            self.sandbox.dataset.add_event(
                f"event {number % 7}",
                midnight + timedelta(seconds=number),
                distinct_id=f"user {number % 50}",
                insert_id=f"{day}-{number}",
                page=f"https://shop.example/{hash((day, number))}",
            )

    def sync(self, *, build: bool = False) -> None:
        settings = load_settings(
            {},
            data_dir=self.folder.root,
            api_base_url=self.sandbox.base_url,
            start_date=FIRST,
            hourly_limit=10_000,
        )
        credentials = Credentials(**asdict(self.sandbox.credentials))
        with MixpanelAPIClient(credentials, base_url=self.sandbox.base_url) as client:
            job.Sync(settings, credentials, client=client).run(build=build).raise_failures()

    def files(self) -> int:
        """How many files there are beside the databases."""
        return sum(path.is_file() for path in self.folder.root.rglob("*"))


@pytest.fixture
def daily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daily]:
    with Sandbox(today=FIRST + timedelta(days=400)) as sandbox:
        made = Daily(sandbox, tmp_path / "data")
        monkeypatch.setattr("mixpanel_data._internal.run.context.today", lambda _: made.today)
        yield made


@pytest.mark.e2e
@pytest.mark.parametrize("grows", [False, True])
def test_promise_13_the_raw_database_stays_small(daily: Daily, grows: bool) -> None:
    sizes, files = [], []
    for _ in range(SYNCS):
        daily.sync()
        sizes.append(daily.folder.raw.stat().st_size)
        files.append(daily.files())
        if grows:
            daily.add(daily.today)
            daily.today += timedelta(days=1)

    with duckdb.connect(daily.folder.raw, read_only=True) as db:
        [(events,)] = db.execute("select count(*) from mixpanel.events").fetchall()
        [(loads,)] = db.execute("select count(*) from mixpanel._dlt_loads").fetchall()
    assert events == 200 * (DAYS + (SYNCS - 1 if grows else 0))
    assert loads > SYNCS
    assert max(sizes[SYNCS // 2 :]) <= LIMIT * fresh_size(daily.folder.raw)
    # dlt keeps what it knows of its last loads, and no more.
    assert len(set(files[-6:])) == 1


@pytest.mark.e2e
@pytest.mark.usefixtures("only_core")
def test_promise_13_a_build_writes_only_rows_that_differ(
    daily: Daily, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user is active every day, so a new day changes the next date of all of them."""
    monkeypatch.setattr("mixpanel_data._internal.publication.publish.compact_if_larger", print)
    daily.sync(build=True)
    daily.add(daily.today)
    daily.today += timedelta(days=1)
    daily.sync(build=True)

    with duckdb.connect(build_file(daily.folder), read_only=True) as db:
        last_written = {
            table: db.execute(
                f"select event_date, count(*) from (from {table} order by rowid desc limit {rows}) "
                "group by 1 order by 1"
            ).fetchall()
            for table, rows in (("user_days", 2 * 200), ("user_activity", 2 * 50))
        }
    new = FIRST + timedelta(days=DAYS)
    assert last_written == {
        "user_days": [(new - timedelta(days=1), 200), (new, 200)],
        "user_activity": [(new - timedelta(days=1), 50), (new, 50)],
    }


@pytest.mark.e2e
def test_promise_13_the_build_file_and_the_published_stay_small(tmp_path: Path) -> None:
    """Each build rebuilds some tables, replaces part of another, and adds to a third."""
    folder = DataFolder.at(tmp_path / "data")
    sizes = []
    for number in range(16):
        begin(folder)
        with duckdb.connect(build_file(folder)) as db:
            db.execute("set max_vacuum_tasks = 0")
            db.execute("create table if not exists events (n bigint, text varchar)")
            db.execute("delete from events where n >= 15000")
            db.execute(
                "insert into events select range, md5(range::varchar) from range(15000, 20000)"
            )
            db.execute("create table if not exists loads (n bigint)")
            db.execute("insert into loads values (?)", [number])
            for table in range(8):
                db.execute(
                    f"create or replace table mart_{table} as select range as n from range(100)"
                )
        build_stamp.mark_built(build_file(folder))
        publish(folder)
        sizes.append((build_file(folder).stat().st_size, folder.published.stat().st_size))

    fresh = fresh_size(folder.published)
    assert max(max(pair) for pair in sizes[8:]) <= LIMIT * fresh
    assert (
        len(list(folder.build.iterdir())) == 3
    )  # the file, the record of what is published, the sizes
