"""When an event was: with both time bases, and at the edges of summer time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.project import LAST, Project

from mixpanel_data._internal.sql.events import events_query, local_date_of, window_bounds
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import day_start
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sync.time_basis import looks_shifted

ZONES = [
    "America/New_York",
    "Europe/Stockholm",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Pacific/Apia",
]
ZONE = st.sampled_from(ZONES).map(ZoneInfo)
CLOCKS = st.datetimes(datetime(2012, 1, 1), datetime(2026, 12, 31)).map(
    lambda t: t.replace(microsecond=0)
)


def read(value: object, zone: str = "UTC") -> datetime | None:
    """The time that the engine reads from an exported event."""
    relation = f"(SELECT 'e' AS event, json_object('time', {value}) AS properties)"
    row = duckdb.connect().execute(events_query(relation, ZoneInfo(zone))).fetchone()
    assert row
    return row[1]


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("1704110400", datetime(2024, 1, 1, 12)),
        ("1704110400123", datetime(2024, 1, 1, 12, 0, 0, 123000)),
        ("'1704110400'", datetime(2024, 1, 1, 12)),
        ("1704110400.5::DOUBLE", datetime(2024, 1, 1, 12, 0, 0, 500000)),
        ("31536000", datetime(1971, 1, 1)),
        ("99999999999", datetime(5138, 11, 16, 9, 46, 39)),
        ("100000000000", datetime(1973, 3, 3, 9, 46, 40)),
        ("'soon'", None),
        ("'nan'", None),
        ("1e300", None),
        ("NULL", None),
    ],
)
def test_a_time_is_read_in_seconds_or_milliseconds_or_not_at_all(value, time):
    assert read(value) == time


@pytest.mark.parametrize(
    ("exported", "utc"),
    [
        (datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 17)),  # the reference page's example
        (datetime(2024, 11, 3, 1, 30), datetime(2024, 11, 3, 5, 30)),  # there twice: the first
        (datetime(2024, 11, 3, 2), datetime(2024, 11, 3, 7)),
        (datetime(2024, 3, 10, 2, 30), datetime(2024, 3, 10, 7, 30)),  # not there at all
        (datetime(2024, 3, 10, 3), datetime(2024, 3, 10, 7)),
    ],
)
def test_local_time_of_older_projects_becomes_utc(exported, utc):
    seconds = int(exported.replace(tzinfo=UTC).timestamp())

    assert read(seconds, "America/New_York") == utc


@given(st.lists(st.tuples(CLOCKS, st.integers(0, 59)), min_size=1, max_size=40), ZONE)
@example([(datetime(2024, 11, 3, 1, n), n) for n in range(60)], ZoneInfo("America/New_York"))
@example([(datetime(2024, 10, 27, 2, n), n) for n in range(60)], ZoneInfo("Europe/Stockholm"))
@example([(datetime(2024, 4, 7, 1, n), n) for n in range(60)], ZoneInfo("Australia/Lord_Howe"))
def test_local_time_is_read_as_pythons_zones_read_it(clocks, zone):
    values = ", ".join(
        f"({int(clock.replace(tzinfo=UTC).timestamp())}, {n})"
        for n, (clock, _) in enumerate(clocks)
    )
    relation = f"(SELECT 'e' AS event, json_object('time', t) AS properties, n FROM (VALUES {values}) AS v(t, n))"

    rows = (
        duckdb.connect()
        .execute(f"SELECT time FROM ({events_query(relation, zone, also='n')}) ORDER BY n")
        .fetchall()
    )

    for (clock, _), (time,) in zip(clocks, rows, strict=True):
        assert time == clock.replace(tzinfo=zone, fold=0).astimezone(UTC).replace(tzinfo=None)


@given(st.dates(date(2012, 1, 1), date(2026, 12, 31)), ZONE, st.integers(0, 86_399))
def test_an_event_lies_in_the_window_of_its_local_day(day, zone, second):
    clock = datetime.combine(day, datetime.min.time()) + timedelta(seconds=second)
    utc = clock.replace(tzinfo=zone, fold=0).astimezone(UTC).replace(tzinfo=None)
    start, end = window_bounds(Window(day, day), zone)

    assert start <= utc < end
    assert end == day_start(day + timedelta(days=1), zone)


def test_the_day_of_a_time_is_the_projects_day():
    sql = f"SELECT {local_date_of('t', ZoneInfo('America/New_York'))} FROM (SELECT TIMESTAMP '2024-01-02 03:00' AS t)"

    assert duckdb.connect().execute(sql).fetchone() == (date(2024, 1, 1),)


def test_an_older_project_is_loaded_completely_and_in_utc(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "mixpanel_data._internal.run.context.today", lambda _zone: LAST + timedelta(days=1)
    )
    basis = {"time_basis": "project", "project_timezone": "America/New_York"}
    zone = ZoneInfo("America/New_York")
    # Over the spring change of 8 March 2026, an event every 20 minutes of real time.
    first = datetime(2026, 3, 6, 5, tzinfo=UTC)
    instants = [first + timedelta(minutes=20 * n) for n in range(72 * 4)]
    with Sandbox(
        today=LAST + timedelta(days=1), timezone=zone.key, time_basis="project"
    ) as sandbox:
        project = Project(sandbox, tmp_path / "data")
        for n, instant in enumerate(instants):
            exported = instant.astimezone(zone).replace(tzinfo=UTC)
            sandbox.dataset.add_event("e", exported, insert_id=str(n))

        report = project.sync(date(2026, 3, 6), LAST, **basis)
        repeated = project.sync(date(2026, 3, 8), date(2026, 3, 8), **basis)

    assert (report.failures, repeated.failures, report.rejected) == ([], [], 0)
    rows = {
        int(n): time for n, time in project.query("SELECT insert_id, time FROM mixpanel.events")
    }
    assert rows == {n: instant.replace(tzinfo=None) for n, instant in enumerate(instants)}
    days = project.ledger().days
    assert days[date(2026, 3, 7)].row_count == 72
    assert days[date(2026, 3, 8)].row_count == 69  # 23 hours
    assert days[date(2026, 3, 8)].range_end == datetime(2026, 3, 9, 4)


@pytest.mark.parametrize(
    ("hours", "shifted"), [(0, None), (-5, -5.0), (5.5, 5.5), (2, 2.0), (30, None)]
)
def test_times_that_are_off_by_a_zones_offset_are_noticed(tmp_path, hours, shifted):
    published = tmp_path / "published.duckdb"
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            f"""
            CREATE TABLE events AS SELECT now_ AS time, json_object('mp_processing_time_ms',
                epoch_ms(now_) + (3000 + i * 11)::BIGINT - ({hours} * 3600000)::BIGINT) AS properties
            FROM (SELECT TIMESTAMP '2026-03-01' + to_seconds(i * 60) AS now_, i FROM range(500) AS r(i))
            """
        )

    assert looks_shifted(published) == shifted
