"""Retention, funnels and attribution, against plain Python."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta

import duckdb
import pytest
from support.marts import known, plain, shop

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
LENGTH = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}


def row_of(unit: str) -> Callable[[date], date]:
    return {
        "day": lambda day: day,
        "week": lambda day: day - day.weekday() * DAY,
        "month": lambda day: day.replace(day=1),
    }[unit]


@pytest.mark.parametrize(
    ("name", "unit", "kind", "birth", "back"),
    [
        ("by day", "day", "birth", None, None),
        ("by week", "week", "compounded", None, "Page View"),
        ("by month", "month", "birth", "Page View", "Paid"),
    ],
)
def test_retention(
    db: DB,
    seen: list[plain.Seen],
    name: str,
    unit: str,
    kind: str,
    birth: str | None,
    back: str | None,
) -> None:
    found = db.execute(
        """
        select
            cohort_start, interval_number, cohort_size, retained_on, retained_on_or_after, retained_on_or_before,
            retained_streak
        from retention_cohorts where retention = ? and segment is null order by 1, 2
        """,
        [name],
    ).fetchall()

    returns = returns_of(seen, unit, kind, birth, back)
    expected = []
    for row, number, _, shown, *_ in found:
        users = [buckets for (_, start), buckets in returns.items() if start == row]
        streaks = [buckets | ({0} if birth == back else set()) for buckets in users]
        returned = sum(number in buckets for buckets in users)
        expected.append(
            (
                row,
                number,
                len(users),
                # Null, not zero, of an interval nothing is known of: `test_coverage.py` says of which.
                None if shown is None and returned == 0 else returned,
                sum(any(b >= number for b in buckets) for buckets in users),
                sum(any(b <= number for b in buckets) for buckets in users),
                sum(set(range(number + 1)) <= buckets for buckets in streaks),
            )
        )
    assert found == expected
    assert {row for row, *_ in found} == {start for _, start in returns}
    assert sum(cell[3] or 0 for cell in found) > 0


def returns_of(
    seen: list[plain.Seen], unit: str, kind: str, birth: str | None, back: str | None
) -> dict[tuple[str, date], set[int]]:
    """The intervals in which each user of each row came back."""

    def is_any(event: plain.Seen, name: str | None) -> bool:
        return event.name == name if name else event.name not in plain.HIDDEN

    births: dict[tuple[str, date], datetime] = {}
    known: set[str] = set()
    for event in seen:
        if (
            event.user
            and is_any(event, birth)
            and (kind == "compounded" or event.user not in known)
        ):
            births.setdefault((event.user, row_of(unit)(event.day)), event.time)
            known.add(event.user)
    returns: dict[tuple[str, date], set[int]] = {}
    for (user, row), birth_time in births.items():
        returns[user, row] = {
            (event.time - birth_time) // LENGTH[unit]
            for event in seen
            if event.user == user and is_any(event, back) and event.time > birth_time
        }
    return returns


def test_a_cell_is_complete_when_all_up_to_its_last_moment_is_known(db: DB) -> None:
    found = db.execute(
        "select cohort_start, interval_number, is_complete, is_cohort_partial from retention_cohorts where retention = 'by day'"
    ).fetchall()

    coverage = known.of_days(shop.DAYS, "Europe/Berlin")
    for row, number, is_complete, is_cohort_partial in found:
        end = coverage.start(row + DAY) + (number + 1) * DAY
        assert is_complete == coverage.time(coverage.start(row), end)
        assert is_cohort_partial == (not coverage.days(row - 30 * DAY, row))
        assert coverage.start(row) + number * DAY < coverage.end
    assert {cell[2] for cell in found} == {True, False}


def test_a_funnel_by_uniques(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select entry_date, step_number, entries, reached from funnels where funnel = 'paying' order by 1, 2"
    ).fetchall()

    reached: dict[date, list[int]] = defaultdict(list)
    for user in {event.user for event in seen} - {None}:
        own = [event for event in seen if event.user == user]
        views = [event for event in own if event.name == "Page View"]
        if views:
            reached[views[0].day].append(steps_reached(own, views[0].time))
    expected = [
        (day, step, len(several), sum(n >= step for n in several))
        for day, several in sorted(reached.items())
        for step in (1, 2, 3)
    ]
    assert found == expected
    assert sum(row[3] for row in found if row[1] == 3) > 0


def steps_reached(own: list[plain.Seen], entered: datetime) -> int:
    """Steps of Page View, Search, then Paid or paid, within 7 days, steps two seconds apart in any order."""
    last, steps = entered, 1
    for names in ({"Search"}, {"Paid", "paid"}):
        times = [
            event.time
            for event in own
            if event.name in names
            and last - timedelta(seconds=2) <= event.time <= entered + 7 * DAY
        ]
        if not times:
            break
        last, steps = max(last, min(times)), steps + 1
    return steps


def test_a_funnel_by_totals_and_segment(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select user_id, entered_at, is_converted from funnel_attempts where funnel = 'repeated' and segment is null"
    ).fetchall()
    segments = db.execute(
        "select user_id, entered_at, segment from funnel_attempts where funnel = 'repeated' and segment is not null"
    ).fetchall()

    expected, by_url = [], []
    for user in {event.user for event in seen} - {None}:
        entry: plain.Seen | None = None
        url: str | None = None
        for event in [e for e in seen if e.user == user and e.name in ("Search", "Paid")]:
            if entry and event.time > entry.time + timedelta(hours=1):
                expected.append((user, entry.time, False))
                by_url.append((user, entry.time, url or "(not set)"))
                entry = None
            if entry and event.name == "Paid":
                expected.append((user, entry.time, True))
                by_url.append(
                    (user, entry.time, event.properties["$current_url"] or url or "(not set)")
                )
                entry = None
            elif not entry and event.name == "Search":
                entry = event
                url = event.properties["$current_url"]
        if entry:
            expected.append((user, entry.time, False))
            by_url.append((user, entry.time, url or "(not set)"))
    assert same_times_aside(Counter(found), seen) == same_times_aside(Counter(expected), seen)
    assert same_times_aside(Counter(segments), seen) == same_times_aside(Counter(by_url), seen)
    assert len(segments) == len(found)


def same_times_aside(
    attempts: "Counter[tuple[object, ...]]", seen: list[plain.Seen]
) -> "Counter[tuple[object, ...]]":
    """Those of users without two events at one instant, whose order is a matter of convention."""
    moments = Counter((event.user, event.time) for event in seen)
    crowded = {user for (user, _), n in moments.items() if n > 1}
    return Counter({key: n for key, n in attempts.items() if key[0] not in crowded})


def test_attribution(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        """
        select user_id, converted_at, touch, round(sum(linear), 9), round(sum(time_decay), 9)
        from attribution_touches group by all
        """
    ).fetchall()
    sums = db.execute(
        """
        select distinct round(sum(first_touch), 9), round(sum(last_touch), 9), round(sum(last_non_direct_touch), 9),
            round(sum(linear), 9), round(sum(time_decay), 9), round(sum(u_shaped), 9), round(sum(j_shaped), 9),
            round(sum(inverse_j_shaped), 9)
        from attribution_touches group by conversion_key
        """
    ).fetchall()

    credit: dict[tuple[object, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
    repeats = Counter((e.user, e.time) for e in seen if e.name == "Paid" and e.user)
    for user, converted in repeats.elements():
        touches = [
            event
            for event in seen
            if event.user == user
            and converted - 30 * DAY <= event.time <= converted
            and event.properties.get("utm_source")
        ]
        weights = [2 ** -((converted - touch.time) / (7 * DAY)) for touch in touches]
        for touch, weight in zip(touches, weights, strict=True):
            shares = credit[user, converted, touch.properties["utm_source"]]
            shares[0] += 1 / len(touches)
            shares[1] += weight / sum(weights)
        if not touches:
            credit[user, converted, "(not set)"] = [1.0, 1.0]
    assert sorted(row[:3] for row in found) == sorted(credit)
    for *key, linear, decayed in found:
        assert (linear, decayed) == pytest.approx(tuple(credit[tuple(key)]), abs=1e-6)
    assert sums == [(1.0,) * 8]
