"""Reports of files made by hand."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.made_file import MadeFile, full

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.html_report.model import Report, read_report
from mixpanel_data._internal.html_report.published_tables import open_published_tables
from mixpanel_data._internal.html_report.render import render_page

NOW = datetime(2026, 9, 9, 8, 0, tzinfo=UTC)
Read = Callable[..., Report]
NAMES = ("Opened", "Searched", "Viewed", "Added", "Paid", "Shared", "Left")
GAP = tuple(date(2026, 6, day) for day in (11, 12, 13))


def read(made: MadeFile, *, first: date | None = None, last: date | None = None) -> Report:
    """The report on a file, on 9 September 2026."""
    with open_published_tables(DataFolder.at(made.folder)) as db:
        return read_report(db, first=first, last=last, now=NOW)


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> MadeFile:
    """A hundred days from 1 June 2026, every section filled, every name an odd one."""
    return full(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="session")
def edge_case_page(odd: MadeFile) -> Path:
    """Its report, as a file."""
    path = odd.folder / "odd.html"
    path.write_text(render_page(read(odd)), encoding="utf-8")
    return path


def forget(made: MadeFile, first: date, last: date) -> None:
    """Make the file as if the days were never fetched."""
    between = "between ? and ?"
    numbers = ("dau", "wau", "mau", "stickiness", "new_users", "event_count")
    stages = ("active", "new", "retained", "resurrected", "dormant")
    with made.open():
        made.run(
            f"update daily_active_users set is_partial = true, {_nulls(numbers)} where event_date {between}",
            first,
            last,
        )
        for mark, days in (("wau", 6), ("mau", 29), ("lifecycle", 30)):
            made.run(
                f"update daily_active_users set is_{mark}_partial = true where event_date {between}",
                first,
                last + timedelta(days=days),
            )
        made.run(
            f"""update lifecycle set is_partial = true, {_nulls([f"{stage}_users" for stage in stages])}
            where period = 'day' and period_start {between}""",
            first,
            last,
        )
        made.run(
            f"update daily_events set event_count = null where event_date {between}", first, last
        )
        for table, column in (
            ("days", "event_date"),
            ("events", "event_date"),
            ("sessions", "session_date"),
            ("dq_late_arrivals", "event_date"),
        ):
            made.run(f"delete from {table} where {column} {between}", first, last)


def _nulls(columns: Iterable[str]) -> str:
    return ", ".join(f"{column} = null" for column in columns)


@pytest.fixture(scope="session")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> MadeFile:
    """Thirty-one days, of which the 11th to 13th were never fetched; funnels of two, five and
    twelve steps with long names."""
    steps = [f"Step number {n} of a long tour" for n in range(1, 13)]
    funnels = [
        {"name": NAMES[0], "steps": steps[:2]},
        {"name": NAMES[1], "steps": steps[:5]},
        {"name": NAMES[2], "steps": steps},
    ]
    made = full(tmp_path_factory.mktemp("gaps"), days=31, names=NAMES, funnels=funnels)
    for funnel in funnels:
        made.fill(
            "funnel_attempts",
            """select ? as funnel, 'u' || i as user_id, date '2026-06-20' as entry_date,
                timestamp '2026-06-20' as entered_at, 1 + i % ? as steps_reached,
                list_transform(range(1, 1 + steps_reached), lambda n: entered_at + n * interval 1 minute) as step_times,
                steps_reached = ? as is_converted, entered_at + interval 7 day as open_until from range(900) r(i)""",
            funnel["name"],
            len(funnel["steps"]),
            len(funnel["steps"]),
        )
    forget(made, GAP[0], GAP[-1])
    return made


@pytest.fixture(scope="session")
def gaps_page(gaps: MadeFile) -> Path:
    """Its report, as a file."""
    path = gaps.folder / "gaps.html"
    path.write_text(render_page(read(gaps)), encoding="utf-8")
    return path
