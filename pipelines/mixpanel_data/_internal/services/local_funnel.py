"""Funnels over the published file, by the SQL of the tables `funnels` and `funnel_attempts`."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from mixpanel_data._internal.project.macros import render_macro
from mixpanel_data._internal.project.variables import (
    COHORT,
    check_funnel,
    cohort_problem,
    defaults,
    near_name,
)
from mixpanel_data._internal.services.query_api.arguments import Day, day_range, require_choice
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.text import parse_duration
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import LocalFunnelResult, LocalFunnelStep

Step = str | Sequence[str] | Mapping[str, Any]
"""An event; several of them, any of which will do; or ``{"event": …, "where": SQL}``."""

_PROPERTY = "properties."
_TABLES = ("events", "days", "_settings")
_MANY_DAYS = ("1970-01-01", "9999-12-31")


def local_funnel(
    storage: StorageEngine,
    steps: Sequence[Step],
    *,
    by: str | None,
    window: str | float,
    counting: Literal["uniques", "totals", "sessions"],
    reentry: Literal["default", "optimized"],
    order: Literal["specific", "any"] = "specific",
    first: Day | None,
    last: Day | None,
    unit: Literal["day", "week", "month"] | None,
    per: Literal["day", "week", "month"] | None,
    where: str | None,
    value: str | None = None,
    exclude: Sequence[str | Mapping[str, Any]],
    hold_constant: Sequence[str],
    segment_at: int | Literal["first_defined", "last_defined"],
) -> LocalFunnelResult:
    """Return the funnel; see :meth:`mixpanel_data.Workspace.funnel_local`."""
    settings = _read_settings(storage)
    days = day_range(first or _MANY_DAYS[0], last or _MANY_DAYS[1])
    seconds = _seconds(window)
    definition = {
        "name": "funnel",
        "steps": [_step(step, where) for step in steps],
        "window": seconds,
        "window_unit": "second",
        "counting": counting,
        "reentry": reentry,
        "per": per or "",
        "order": order,
        "exclude": list(exclude),
        "hold_constant": list(hold_constant),
        "segment_at": segment_at,
        "since": days.first if first else "",
        "until": days.last if last else "",
    }
    if per is not None and unit is None:
        unit = per
    if unit is not None:
        require_choice("unit", unit, ("day", "week", "month"))
    events = check_funnel(definition)
    _require_events(storage, events)
    columns = [column.name for column in storage.get_schema("events").columns]
    for column in hold_constant:
        _require_column(
            "hold_constant", column, columns, "The variable event_properties adds columns."
        )
    if value is not None:
        _require_column("value", value, columns, "The variable event_properties adds columns.")
        definition["value"] = f'"{value}"'
    if by is not None:
        cohorts = [entry["name"] for entry in settings.get("cohorts", [])]
        definition["segment"] = _segment(by, columns, cohorts)
    variables = {**defaults(), **settings, "funnels": [definition]}
    rows = storage.execute_rows(render_macro("ad_hoc_funnel", unit, variables=variables))
    return LocalFunnelResult(
        by=by,
        window_seconds=seconds,
        counting=counting,
        from_date=days.first if first else None,
        to_date=days.last if last else None,
        unit=unit,
        steps=[LocalFunnelStep(**row) for row in rows.to_dicts()],
    )


def _read_settings(storage: StorageEngine) -> dict[str, Any]:
    """Return the variables by which the tables were built.

    Raises:
        TableNotFoundError: if there are no tables that a build wrote.
    """
    for table in _TABLES:
        storage.get_schema(table)
    rows = storage.execute_rows("SELECT name, value FROM _settings")
    return {name: json.loads(value) for name, value in rows}


def _seconds(window: str | float) -> int:
    try:
        seconds = parse_duration(window)
    except ValueError:
        raise ConfigError(f"window is {window!r}. Write it like 30m, 12h or 7d.") from None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 1:
        raise ConfigError(f"window is {window!r}. It must be a second or more, such as 7d.")
    if seconds != int(seconds):
        raise ConfigError(f"window is {window!r}. It must be a number of whole seconds.")
    return int(seconds)


def _step(step: Step, where: str | None) -> dict[str, Any]:
    """Return a step as the variable `funnels` has it, with the condition of all steps added."""
    whole = dict(step) if isinstance(step, Mapping) else {"event": step}
    event = whole.get("event")
    if event is not None:
        whole["event"] = [event] if isinstance(event, str) else list(event)
    conditions = [f"({each})" for each in (whole.get("where"), where) if each]
    return whole | ({"where": " and ".join(conditions)} if conditions else {})


def _require_events(storage: StorageEngine, events: Collection[str]) -> None:
    known = {event for (event,) in storage.execute_rows("SELECT DISTINCT event FROM events")}
    problems = [
        f"No event {event} was ever seen.{near_name(event, known)}"
        for event in dict.fromkeys(events)
        if event not in known
    ]
    if problems:
        raise ConfigError(" ".join(problems), details={"events": sorted(known)})


def _require_column(key: str, column: str, columns: Collection[str], hint: str) -> None:
    if column not in columns:
        raise ConfigError(
            f"{key} is {column}, which is no column of events.{near_name(column, columns)} {hint}",
            details={"columns": sorted(columns)},
        )


def _segment(by: str, columns: Collection[str], cohorts: Collection[str]) -> str:
    """Return the segment of the funnel: the SQL of a column or a property, or a cohort's name."""
    if by.startswith(COHORT):
        problem = cohort_problem(by, cohorts)
        if problem:
            raise ConfigError(f"by is {by}. {problem}", details={"cohorts": sorted(cohorts)})
        return by
    if not by.startswith(_PROPERTY):
        _require_column(
            "by", by, columns, "Any property is properties.NAME, any cohort cohort.NAME."
        )
        return f'"{by}"'
    name = by.removeprefix(_PROPERTY).replace("~", "~0").replace("/", "~1")
    return f"json_extract_string(properties, {literal('/' + name)})"
