"""Saved Insights reports as metrics: only where the numbers are Mixpanel's, over periods that are known."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from mixpanel_data import ConfigError, QueryError
from mixpanel_data._internal.services.saved_definitions import import_definitions
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.types import (
    BookmarkInfo,
    FunnelInfo,
    FunnelResult,
    FunnelStep,
    ImportedDefinitions,
    InsightsResult,
    SavedCohort,
)

FIRST = date(2026, 1, 1)  # a Thursday
DAYS = 70


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageEngine]:
    """Seventy complete days, and a partial one: on day n, n % 3 + 1 users open twice."""
    path = tmp_path_factory.mktemp("published") / "made.duckdb"
    with duckdb.connect(path) as db:
        db.execute(
            f"""
            create table days as
            select date '{FIRST}' + n::integer as event_date, n = {DAYS} as is_partial from range({DAYS + 1}) r(n);
            create table events as
            select 'Opened' as event, event_date, 'u' || u as user_id
            from days, range(1, 4) r(u), range(2) t(n) where u <= (event_date - date '{FIRST}') % 3 + 1
            """
        )
    with StorageEngine(path, read_only=True) as engine:
        yield engine


def users(day: date) -> int:
    """How many users open on a day."""
    return (day - FIRST).days % 3 + 1


class Saved:
    """A project with these saved reports: what the services would answer."""

    def __init__(self, **series: Any) -> None:
        self.series = series
        self.saved_funnels: list[FunnelInfo] = []
        self.steps: list[FunnelStep] = []
        self.headers = ["$event"]
        self.until = FIRST + timedelta(days=DAYS)

    def funnels(self) -> list[FunnelInfo]:
        return self.saved_funnels

    def bookmarks(self) -> list[BookmarkInfo]:
        insights = [BookmarkInfo(n, name, "insights") for n, name in enumerate(self.series)]
        return [
            *insights,
            BookmarkInfo(90, "Who returns", "retention"),
            BookmarkInfo(91, "f", "funnels"),
        ]

    def cohorts(self) -> list[SavedCohort]:
        return [SavedCohort(80, "Payers", 3)]

    def insights(self, number: int) -> InsightsResult:
        series = list(self.series.values())[number]
        if series is None:
            raise QueryError("no such report")
        return InsightsResult(
            number,
            computed_at=None,
            from_date=f"{FIRST}T00:00:00+00:00",
            to_date=f"{self.until}T23:59:59+00:00",
            headers=self.headers,
            series={"Opened": series} if "|" not in str(series) else series,
        )

    def funnel(self, number: int, first: date, last: date) -> FunnelResult:
        raw = {
            "data": {
                "2026-01-01": {"steps": [{"count": s.count, "event": s.event} for s in self.steps]}
            }
        }
        return FunnelResult(number, None, str(first), str(last), 0.5, self.steps, _data=raw)


def imported(storage: StorageEngine, saved: Saved) -> ImportedDefinitions:
    return import_definitions(saved, saved, storage)  # type: ignore[arg-type]  # what they answer is all that counts


def by_day(number: Any, *, days: int = DAYS + 1) -> dict[str, Any]:
    there = (FIRST + timedelta(days=n) for n in range(days))
    return {f"{day}T00:00:00+00:00": number(day) for day in there}


@pytest.mark.parametrize(
    ("number", "measure"),
    [
        (lambda day: 2 * users(day), {"measure": "total"}),
        (users, {"measure": "unique"}),
        (lambda _day: 2.0, {"measure": "average", "per_user": "total"}),
    ],
    ids=["total", "unique", "average"],
)
def test_the_measure_is_the_one_whose_numbers_agree(
    storage: StorageEngine, number: Any, measure: dict[str, str]
) -> None:
    # The last day is partial here, and differs; Mixpanel goes on.
    series = by_day(number) | {f"{FIRST + timedelta(days=DAYS)}T00:00:00+00:00": 999}

    found = imported(storage, Saved(Opens=series))

    assert found.variables == {
        "metrics": [{"name": "Opens", "events": ["Opened"], **measure, "units": ["day"]}]
    }
    assert found.reports[0].note.endswith(f"of Opened in {DAYS} complete days.")


def test_weeks_are_known_by_their_starts_and_the_first_one_from_the_first_day(
    storage: StorageEngine,
) -> None:
    monday = date(2025, 12, 29)
    weeks = {}
    for n in range(10):
        start = monday + timedelta(weeks=n)
        of_it = [max(start, FIRST) + timedelta(days=d) for d in range(7)]
        weeks[f"{start}T00:00:00+00:00"] = 2 * sum(
            users(day) for day in of_it if day < start + timedelta(weeks=1)
        )

    found = imported(storage, Saved(Opens=weeks))

    assert found.variables["metrics"][0]["units"] == ["week"]
    assert "10 complete weeks" in found.reports[0].note


def test_one_percent_is_allowed_and_noted_and_more_is_not(storage: StorageEngine) -> None:
    near = by_day(lambda day: 2 * users(day) * 1.009)
    far = by_day(lambda day: 2 * users(day) * 1.02)

    found = imported(storage, Saved(near=near, far=far))

    assert [entry["name"] for entry in found.variables["metrics"]] == ["near"]
    assert "0.9% apart" in found.reports[0].note
    assert found.reports[1].variable is None
    assert "neither its total" in found.reports[1].note


def test_what_cannot_be_translated_is_listed_with_the_reason(storage: StorageEngine) -> None:
    saved = Saved(
        hourly={"2026-01-01T00:00:00+00:00": 1, "2026-01-01T01:00:00+00:00": 2},
        nested={"2026-01-01T00:00:00+00:00": {"a": 1}},
        old={"2024-01-01T00:00:00+00:00": 5, "2024-01-02T00:00:00+00:00": 5},
        gone=None,
    )

    found = imported(storage, saved)

    assert found.variables == {}
    reasons = {report.name: report.note for report in found.reports}
    assert "not by day, week or month" in reasons["hourly"]
    assert "not by day, week or month" in reasons["nested"]
    assert "No complete day of Opened" in reasons["old"]
    assert "no such report" in reasons["gone"]
    assert "does not tell its definition" in reasons["Who returns"]
    assert "does not tell its definition" in reasons["Payers"]
    assert "f" not in reasons  # it is among the funnels
    text = found.to_yaml()
    assert yaml.safe_load(text) == {"vars": {"mixpanel_data": {}}}
    assert "# cohorts 80, Payers: Mixpanel's API does not tell its definition.\n" in text


def test_a_breakdown_is_no_metric(storage: StorageEngine) -> None:
    saved = Saved(Opens=by_day(users))
    saved.headers = ["$event", "plan"]

    assert imported(storage, saved).variables == {}


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([FunnelStep("Opened", 3, 1.0)], "fewer than two steps"),
        ([FunnelStep("Opened", 3, 1.0), FunnelStep("Bought", 0, 0.0)], "Nobody converted"),
        ([FunnelStep("$custom_event:5", 3, 1.0), FunnelStep("Bought", 2, 0.0)], "custom event"),
    ],
)
def test_a_funnel_that_cannot_be_compared_has_the_reason(
    storage: StorageEngine, steps: list[FunnelStep], reason: str
) -> None:
    saved = Saved()
    saved.saved_funnels, saved.steps = [FunnelInfo(7, "Buying")], steps

    [funnel, *_] = imported(storage, saved).reports

    assert funnel.variable is None
    assert reason in funnel.note


def test_without_a_complete_day_it_says_what_to_do(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "made.duckdb") as db:
        db.execute("create table days (event_date date, is_partial boolean)")

    with (
        StorageEngine(tmp_path / "made.duckdb", read_only=True) as engine,
        pytest.raises(ConfigError, match="mp sync"),
    ):
        imported(engine, Saved())
