"""The bounds of days and the times of events agree, in every zone and over every change of its clocks."""

from datetime import UTC, date, datetime

import duckdb
import pytest
from support.project import LAST, Project

from mixpanel_data._internal.settings import load_settings
from mixpanel_data._internal.sql.events import in_windows
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import (
    Zone,
    day_start,
    day_start_of,
    local_date,
    require_zone,
    to_local,
    to_utc,
    today,
    zone_names,
)
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sandbox import Sandbox

# The weeks of 2000 to 2037 at whose end a zone's offset is another; of zones that are alike, one.
WEEKS = """
    WITH samples AS (
        SELECT name, i, t, timezone(name, timezone('UTC', t)) - t AS utc_offset
        FROM (
            SELECT name, i, TIMESTAMP '2000-01-03' + to_days(7 * i) AS t
            FROM (SELECT unnest($names) AS name), range(1983) AS r(i)
        )
    ),
    alike AS (SELECT name, hash(list(utc_offset ORDER BY i)) AS offsets FROM samples GROUP BY name),
    one AS (SELECT min(name) AS name FROM alike GROUP BY offsets)
    SELECT name, list(t) FROM (
        SELECT name, t, utc_offset, lag(utc_offset) OVER (PARTITION BY name ORDER BY i) AS before
        FROM samples SEMI JOIN one USING (name)
    )
    WHERE utc_offset <> before GROUP BY name
"""
# Clocks of the day of each change, the day before and the day after. Some are never shown: servers may think they are.
CLOCKS = """
    WITH hours AS (SELECT week - to_hours(h) AS t FROM (SELECT unnest($weeks::TIMESTAMP[]) AS week), range(169) AS r(h)),
    offsets AS (SELECT t, {local} AS clock, lag(t) OVER (ORDER BY t) AS t0, lag({local}) OVER (ORDER BY t) AS clock0 FROM hours),
    changes AS (
        SELECT DISTINCT CAST(clock AS DATE) AS day FROM offsets WHERE t - t0 = INTERVAL 1 HOUR AND clock - clock0 <> INTERVAL 1 HOUR
    ),
    minutes AS (SELECT unnest([0, 1, 30, 60, 90, 120, 150, 180, 210, 720, 1320, 1350, 1380, 1410, 1439]) AS minute)
    SELECT DISTINCT CAST(day + k AS TIMESTAMP) + to_minutes(minute) AS clock
    FROM changes, (VALUES (-1), (0), (1)) AS near(k), minutes
"""


def test_every_event_lies_in_its_day_in_every_zone_over_every_change_of_its_clocks():
    connection = duckdb.connect()
    changing = connection.execute(WEEKS, {"names": sorted(zone_names())}).fetchall()
    seen, left_out = 0, []
    for name, weeks in changing:
        converted = (
            f"SELECT CAST(clock AS DATE) AS day, {to_utc('clock', name)} AS time FROM "
            f"({CLOCKS.format(local=to_local('t', name))})"
        )
        days = (
            f"SELECT day, {day_start_of('CAST(day AS TIMESTAMP)', name)} AS first, count(*) AS clocks, "
            f"{day_start_of('CAST(day + 1 AS TIMESTAMP)', name)} AS next, min(time) AS earliest, max(time) AS latest, "
            f"count(*) FILTER (CAST({to_local('time', name)} AS DATE) = day) AS there FROM ({converted}) GROUP BY day"
        )
        found = connection.execute(
            "SELECT sum(clocks), list(day) FILTER (first = next), list(day) FILTER (first <> next AND NOT "
            f"(earliest >= first AND latest < next AND there = clocks)) FROM ({days})",
            {"weeks": weeks},
        ).fetchall()
        [(clocks, without_time, wrong)] = found
        assert not wrong, name
        seen += clocks
        left_out += [(name, day) for day in without_time or []]
    # Islands that changed the side of the date line.
    assert sorted(left_out) == [
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Pacific/Fakaofo", date(2011, 12, 30)),
    ]
    assert len(changing) > 100
    assert seen > 200_000


@pytest.mark.parametrize(
    ("name", "clock", "time"),
    [
        ("America/New_York", "2024-11-03 01:30", "2024-11-03 05:30"),  # there twice: the first
        ("America/New_York", "2024-03-10 02:30", "2024-03-10 07:30"),  # not there at all
        ("America/Scoresbysund", "2025-03-29 23:30", "2025-03-30 00:30"),  # nor here: still of that day
        ("Asia/Kolkata", "2026-01-01 00:00", "2025-12-31 18:30"),
        ("Africa/Casablanca", "2026-06-01 12:00", "2026-06-01 11:00"),
    ],
)  # fmt: skip
def test_a_clock_in_a_zone_is_one_instant(name, clock, time):
    sql = f"SELECT {to_utc(f'TIMESTAMP {clock!r}', name)} = TIMESTAMP '{time}'"

    assert duckdb.connect().execute(sql).fetchone() == (True,)


@pytest.mark.parametrize(
    "name",
    ["America/Vancouver", "America/Edmonton", "America/Winnipeg", "Africa/Casablanca", "UTC"],
)
@pytest.mark.parametrize("month", range(1, 13))
def test_all_hours_of_a_day_lie_in_its_window(name, month):
    day = date(2026, month, 9)
    hours = ", ".join(f"(TIMESTAMP '{day} {hour:02}:59:59')" for hour in range(24))
    sql = (
        f"SELECT count(*) FROM (SELECT {to_utc('clock', name)} AS time FROM (VALUES {hours}) AS v(clock)) "
        f"WHERE {in_windows([Window(day, day)], Zone(name))}"
    )

    assert duckdb.connect().execute(sql).fetchone() == (24,)


def test_the_date_in_a_zone():
    assert today(Zone("Asia/Tokyo"), datetime(2026, 1, 1, 15, tzinfo=UTC)) == date(2026, 1, 2)
    assert local_date(datetime(2026, 1, 1, 4, 59), Zone("America/New_York")) == date(2025, 12, 31)
    assert day_start(date(2026, 1, 1), Zone()) == datetime(2026, 1, 1)
    assert day_start(date(2024, 12, 31), Zone("Asia/Kolkata")) == datetime(2024, 12, 30, 18, 30)
    assert day_start(date(2011, 12, 30), Zone("Pacific/Apia")) == datetime(2011, 12, 30, 10)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("america/vancouver", "America/Vancouver"),
        ("Vancouver", "America/Vancouver"),
        ("New York", "America/New_York"),
        ("Europe/Stokholm", "Europe/Stockholm"),
        ("SystemV/PST8", "PST8"),
        ("BST", "ST"),  # Bangladesh's, for DuckDB
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_name(name, nearest, tmp_path):
    with pytest.raises(ValueError, match=nearest):
        require_zone(name)
    with pytest.raises(ConfigError, match=r"MP_PROJECT_TIMEZONE.*" + nearest):
        load_settings({"MP_PROJECT_TIMEZONE": name}, data_dir=tmp_path)


@pytest.mark.parametrize("name", ["America/Vancouver", "Africa/Casablanca", "Australia/Lord_Howe"])
def test_each_hour_of_a_day_of_an_older_project_is_loaded(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with Sandbox(today=date.fromordinal(LAST.toordinal() + 1)) as sandbox:
        project = Project(sandbox, tmp_path / "data")
        for hour in range(24):
            # Exported as the clock in the project's zone shows it, as if that were UTC.
            sandbox.dataset.add_event("e", datetime(2026, 3, 9, hour), insert_id=str(hour))

        day = date(2026, 3, 9)
        report = project.sync(day, day, time_basis="project", project_timezone=name)

    assert (report.failures, report.rejected, report.events) == ([], 0, 24)
