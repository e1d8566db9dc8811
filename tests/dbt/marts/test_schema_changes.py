"""What `schema_changes` says of a shop of a few weeks: its SQL, over tables that are made here."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import jinja2
import pytest

MODEL = Path(__file__).parents[3] / "dbt" / "models" / "marts" / "quality" / "schema_changes.sql"
FIRST = date(2026, 3, 2)  # a Monday
DAYS = 42
LAST = FIRST + timedelta(days=DAYS - 1)
TYPES = ("strings", "numbers", "booleans", "lists", "objects")

Counts = Callable[[int], int]


class Shop:
    """Events and properties a day, by the number of the day; and the days that are not known."""

    def __init__(self) -> None:
        self.events: dict[str, Counts] = {"Bought": lambda _: 20}
        self.properties: dict[tuple[str, str], Callable[[int], dict[str, int]]] = {
            ("Bought", "price"): lambda _: {"numbers": 20}
        }
        self.unknown: set[int] = set()
        self.anomalies: list[tuple[str, int, float]] = []

    def changes(self) -> set[tuple[object, ...]]:
        """The rows of the model."""
        with duckdb.connect() as db:
            self._fill(db)
            template = jinja2.Environment(autoescape=False).from_string(MODEL.read_text("utf-8"))  # noqa: S701
            sql = template.render(ref=lambda name: name, local_time=lambda column: column)
            return set(db.execute(sql).fetchall())

    def _fill(self, db: duckdb.DuckDBPyConnection) -> None:
        db.execute(
            "CREATE TABLE days (event_date DATE, is_partial BOOLEAN, known_since DATE);"
            "CREATE TABLE daily_events (event VARCHAR, event_date DATE, event_count BIGINT);"
            "CREATE TABLE int_property_days (event VARCHAR, property VARCHAR, event_date DATE, defined BIGINT,"
            f"{', '.join(f'{name} BIGINT' for name in TYPES)}, first_at TIMESTAMP, last_at TIMESTAMP);"
            "CREATE TABLE dq_volume (event VARCHAR, event_date DATE, event_count BIGINT, usual_count DOUBLE,"
            " score DOUBLE, is_anomaly BOOLEAN)"
        )
        since = FIRST
        for n in range(DAYS):
            day = FIRST + timedelta(days=n)
            if n in self.unknown:
                since = day + timedelta(days=1)
                continue
            db.execute("INSERT INTO days VALUES (?, false, ?)", [day, since])
            for event, count in self.events.items():
                db.execute("INSERT INTO daily_events VALUES (?, ?, ?)", [event, day, count(n)])
            for (event, property_), kinds in self.properties.items():
                counts = kinds(n)
                if sum(counts.values()):
                    values = [counts.get(name, 0) for name in TYPES]
                    row = [event, property_, day, sum(values), *values, day, day]
                    db.execute(f"INSERT INTO int_property_days VALUES ({', '.join('?' * 11)})", row)
        for event, n, score in self.anomalies:
            row = [event, FIRST + timedelta(days=n), 3, 20.0, score, True]
            db.execute("INSERT INTO dq_volume VALUES (?, ?, ?, ?, ?, ?)", row)
        db.execute(
            "CREATE TABLE event_catalog AS SELECT event, min(event_date)::TIMESTAMP AS first_seen_at,"
            " max(event_date)::TIMESTAMP AS last_seen_at FROM daily_events WHERE event_count > 0 GROUP BY 1;"
            "CREATE TABLE property_catalog AS SELECT event, property, min(first_at) AS first_seen_at,"
            " max(last_at) AS last_seen_at FROM int_property_days GROUP BY 1, 2"
        )


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_nothing_changes_in_a_shop_that_does_not_change_nor_on_its_first_days(shop):
    assert shop.changes() == set()


def test_a_first_build_of_a_few_days_is_empty(shop):
    shop.unknown = set(range(5, DAYS))

    assert shop.changes() == set()


def test_a_new_event_is_named_and_its_properties_are_not(shop):
    shop.events["Refunded"] = lambda n: 5 if n >= 30 else 0
    shop.properties["Refunded", "reason"] = lambda n: {"strings": 5 if n >= 30 else 0}

    assert shop.changes() == {(day(30), "new_event", "Refunded", None, None, None)}


def test_an_event_is_not_new_where_the_days_before_are_not_known(shop):
    shop.events["Refunded"] = lambda n: 5 if n >= 30 else 0
    shop.unknown = {25}

    assert shop.changes() == set()


def test_an_event_that_ends_has_vanished_after_seven_known_days(shop):
    shop.events["Refunded"] = lambda n: 5 if n <= DAYS - 8 else 0

    assert shop.changes() == {(day(DAYS - 7), "vanished_event", "Refunded", None, "35", "0")}


@pytest.mark.parametrize("last", [DAYS - 7, DAYS - 2])
def test_an_event_that_is_missing_for_less_than_seven_days_has_not_vanished(shop, last):
    shop.events["Refunded"] = lambda n: 5 if n <= last else 0

    assert shop.changes() == set()


@pytest.mark.parametrize("unknown", [DAYS - 8, DAYS - 4, DAYS - 1])
def test_nothing_vanishes_because_days_were_not_fetched(shop, unknown):
    shop.events["Refunded"] = lambda n: 5 if n <= DAYS - 8 else 0
    shop.unknown = {unknown}

    assert shop.changes() == set()


def test_nothing_vanishes_when_the_newest_weeks_were_not_fetched(shop):
    shop.unknown = set(range(20, DAYS))

    assert shop.changes() == set()


def test_a_rare_event_has_not_vanished(shop):
    shop.events["Yearly"] = lambda n: 1 if n in (0, 20) else 0

    assert {change for _, change, *_ in shop.changes()} <= {"new_event"}


def test_a_new_property_is_named_once(shop):
    shop.properties["Bought", "coupon"] = lambda n: {"strings": 1 if n >= 30 else 0}

    assert shop.changes() == {(day(30), "new_property", "Bought", "coupon", None, None)}


def test_a_property_that_is_no_longer_sent_has_vanished(shop):
    shop.properties["Bought", "coupon"] = lambda n: {"strings": 10 if n < 35 else 0}

    assert shop.changes() == {(day(35), "vanished_property", "Bought", "coupon", "0.5", "0.0")}


def test_a_fill_rate_that_changed_is_named_with_both_rates(shop):
    shop.properties["Bought", "coupon"] = lambda n: {"strings": 10 if n < 35 else 15}

    assert shop.changes() == {(day(35), "fill_rate", "Bought", "coupon", "0.5", "0.75")}


def test_a_property_that_changed_its_type_is_named_with_both(shop):
    shop.properties["Bought", "price"] = lambda n: {"numbers" if n < 35 else "strings": 20}

    assert shop.changes() == {(day(35), "type", "Bought", "price", "number", "string")}


def test_a_week_that_is_not_wholly_known_is_not_compared(shop):
    shop.properties["Bought", "price"] = lambda n: {"numbers" if n < 35 else "strings": 20}
    shop.unknown = {37}

    assert shop.changes() == set()


def test_few_events_have_no_rate(shop):
    shop.events["Refunded"] = lambda _: 2
    shop.properties["Refunded", "reason"] = lambda n: {"strings": 2 if n < 35 else 1}

    assert shop.changes() == set()


def test_a_volume_that_fell_is_named_and_one_that_rose_is_not(shop):
    shop.anomalies = [("Bought", 30, -9.0), ("Bought", 31, 9.0)]

    assert shop.changes() == {(day(30), "volume_fell", "Bought", None, "20", "3")}
