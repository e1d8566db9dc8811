"""A file made by hand with something on every board, whose every name is an odd one."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from support.made_file import FIRST, ODD_NAMES, MadeFile, full

from mixpanel_data._internal.dashboard.reading import Given, Page, read_page
from mixpanel_data._internal.dashboard.view import Segment

NOW = datetime(2026, 9, 9, 8, 0, tzinfo=UTC)
DAYS = 40
LAST = date(2026, 7, 10)
DIMENSION = "an 'odd' dimension"


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> MadeFile:
    """Forty days from 1 June 2026, of which the last is not complete."""
    segments = [{"name": DIMENSION, "of": "users", "column": "plan"}]
    made = full(tmp_path_factory.mktemp("odd"), days=DAYS, segments=segments)
    days = f"(select date '{FIRST}' + i::integer as day from range({DAYS}) r(i))"
    with made.open():
        made.run("alter table users add column plan varchar")
        for place, name in enumerate(ODD_NAMES):
            made.fill(
                "active_users_by_segment",
                f"select ? as dimension, ? as segment, day as event_date, {9 - place} as dau, 20 as wau, 30 as mau from {days}",
                DIMENSION,
                name,
            )
            made.add("event_catalog", {"event": name, "event_count": 9 - place, "is_hidden": False})
            made.add(
                "users",
                {"user_id": f"u{place}", "plan": name, "stage": "new", "activity_level": "core"}
                | {"as_of_date": LAST, "active_days_7d": 2, "active_days_28d": 4},
            )
            made.add(
                "impacts",
                {"impact": name, "days": 7, "adopters": 3, "mean_before": 1.0, "lift": 0.5},
            )
        made.add("experiment_variants", *(_variant(name) for name in ODD_NAMES))
        made.add("experiment_results", *(_result(name) for name in ODD_NAMES))
        made.fill(
            "revenue_periods",
            f"select ? as revenue, ? as currency, 'day' as unit, day as period_start, 2.5 as amount from {days}",
            ODD_NAMES[0],
            ODD_NAMES[1],
        )
        made.add(
            "schema_changes",
            {"change_date": LAST, "change": "new_event", "event": ODD_NAMES[4], "new_value": "1"},
        )
    return made


def _variant(name: str) -> dict[str, Any]:
    return {
        "experiment": ODD_NAMES[0],
        "variant": name,
        "is_control": name == ODD_NAMES[0],
        "users": 10,
        "expected_users": 12.5,
        "sample_ratio_p_value": 0.0001,
        "is_sample_ratio_mismatch": True,
        "is_partial": False,
    }


def _result(name: str) -> dict[str, Any]:
    lift = None if name == ODD_NAMES[0] else 0.1
    return {
        "experiment": ODD_NAMES[0],
        "metric": ODD_NAMES[4],
        "measure": "mean",
        "variant": name,
        "is_control": lift is None,
        "users": 10,
        "mean": 1.5,
        "lift": lift,
        "lift_low": lift and -0.1,
        "lift_high": lift and 0.3,
        "p_value": lift and 0.04,
    }


def given(made: MadeFile, **chosen: Any) -> Given:
    return Given(str(made.folder), **chosen)


def page(
    made: MadeFile, *, segment: Segment | None = None, feature: str | None = None, **chosen: Any
) -> Page:
    """The boards of a file, on 9 September 2026."""
    return read_page(given(made, **chosen), segment=segment, feature=feature, now=NOW)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> MadeFile:
    """Every table, without a row."""
    return MadeFile(tmp_path_factory.mktemp("empty"))
