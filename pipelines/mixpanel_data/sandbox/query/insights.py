"""GET /insights: a saved report, computed now."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.facts import Days, facts_of
from mixpanel_data.sandbox.query.measures import Number, grouped, per_interval
from mixpanel_data.sandbox.query.units import Unit
from mixpanel_data.sandbox.saved import Report

_END = time(23, 59, 59, 999_000)


def insights(project: Project, fields: params.Fields) -> Answer:
    """Return numbers by event, segment if the report has a breakdown, and time.

    ``headers`` names all of these but the last. Times have the offset of the project's zone. Zeros
    are omitted.
    """
    report = _report(project, fields)
    today, zone = project.local_today, ZoneInfo(project.timezone)
    days = Days(today - timedelta(days=report.days - 1), today)
    series = {name: _series(project, report, name, days) for name in report.events}
    return {
        "computed_at": datetime.fromtimestamp(project.clock(), UTC).isoformat(),
        "date_range": {
            "from_date": datetime.combine(days.first, time(), zone).isoformat(),
            "to_date": datetime.combine(days.last, _END, zone).isoformat(timespec="microseconds"),
        },
        "headers": ["$event", *([report.header or report.on] if report.on else [])],
        "series": series,
    }


def _report(project: Project, fields: params.Fields) -> Report:
    params.text(fields, "bookmark_id")
    wanted = params.integer(fields, "bookmark_id")
    for report in project.dataset.saved.reports:
        if report.id == wanted:
            return report
    raise RefusedError(404, f"bookmark {wanted} does not exist, or is no insights report")


def _series(project: Project, report: Report, event: str, days: Days) -> dict[str, Any]:
    """Return the numbers of one event by time, or by segment and time."""
    facts = days.of(facts_of(project).named(event))
    groups = {event: facts}
    if report.on:
        groups = grouped(facts, asked.segmenting(project, report.on))
    values = per_interval(groups, report.type, Unit(report.unit))
    timed = {name: _timed(numbers, project.timezone) for name, numbers in values.items()}
    return timed if report.on else timed.get(event, {})


def _timed(numbers: dict[str, Number], timezone: str) -> dict[str, Number]:
    zone = ZoneInfo(timezone)
    return {
        datetime.fromisoformat(label).replace(tzinfo=zone).isoformat(): number
        for label, number in numbers.items()
    }
