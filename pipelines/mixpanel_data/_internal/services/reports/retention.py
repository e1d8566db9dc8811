"""Retention, and frequency: the number of hours or days with activity in a period."""

from collections.abc import Mapping
from typing import Any, Literal

from mixpanel_data._internal.services.query_api.answers import (
    as_list,
    as_number,
    as_object,
    entries_by_date,
    require_object,
)
from mixpanel_data._internal.services.query_api.arguments import (
    Day,
    day_range,
    require_at_most,
    require_choice,
)
from mixpanel_data._internal.services.query_api.expressions import as_expression
from mixpanel_data._internal.services.reports.base import PERIODS, ReportQueries
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import CohortInfo, FrequencyResult, RetentionResult
from mixpanel_data.types.base import OVERALL

Period = Literal["day", "week", "month"]
_DAYS = {"day": 1, "week": 7, "month": 30}
_LONGEST_DAYS = 90


class RetentionQueries(ReportQueries):
    """``/retention`` and ``/retention/addiction``. Days are those of the project's zone."""

    def retention(
        self,
        born_event: str | None,
        return_event: str | None,
        from_date: Day,
        to_date: Day,
        *,
        retention_type: Literal["birth", "compounded"] = "birth",
        unit: Period = "day",
        interval: int | None = None,
        interval_count: int = 7,
        born_where: str | None = None,
        where: str | None = None,
        unbounded: bool = False,
        on: str | None = None,
        limit: int | None = None,
    ) -> RetentionResult:
        """Return how many users did ``born_event`` in each ``unit`` and returned by
        ``return_event``.

        ``return_event`` None means any event. ``birth`` counts a user once, at the first
        ``born_event`` in the range, and requires one; ``compounded`` ignores it and counts a user
        in each unit in which they did ``return_event``, so it takes no ``born_where``.
        ``interval_count`` periods follow period 0, which is the return within less than one. A
        period is a ``unit``, or ``interval`` of them, at most 90 days. Mixpanel accepts either a
        unit or an interval: several units are sent as days, a week as 7 and a month as 30 of them;
        the rows are then as long as a period and begin at ``from_date`` instead of with the
        calendar's unit. ``unbounded`` counts a return in a period or any later one. ``born_where``
        and ``where`` (of the return) are expressions. ``on``, a property's name or an expression,
        splits the returns by its ``limit`` most common values into ``segments``. Raises like
        ``segmentation``.

        Args:
            born_event: Name of the event that users start with.
            return_event: Name of the event that counts as a return. None: any.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            retention_type: ``birth`` or ``compounded``.
            unit: ``day``, ``week`` or ``month``.
            interval: The number of units in a period. None: 1.
            interval_count: The number of periods after period 0.
            born_where: An expression that ``born_event`` must match.
            where: An expression that ``return_event`` must match.
            unbounded: Count a return in a period or any later one.
            on: Name of a property, or an expression; splits the result by its most common values.
            limit: The number of values of ``on``.
        """
        days = day_range(from_date, to_date)
        if require_choice("retention_type", retention_type, ("birth", "compounded")) != "birth":
            born_event = None
            if born_where is not None:
                raise ConfigError("born_where needs the type birth: compounded has no born_event.")
        elif not born_event:
            raise ConfigError("Retention of the type birth needs a born_event.")
        with self._api.get(
            "retention",
            from_date=days.first,
            to_date=days.last,
            retention_type=retention_type,
            born_event=born_event,
            event=return_event,
            born_where=born_where,
            where=where,
            **_period(unit, interval),
            interval_count=require_at_most("interval_count", interval_count),
            unbounded_retention=unbounded or None,
            on=as_expression(on),
            limit=require_at_most("limit", limit),
        ) as answer:
            segments = _by_segment(entries_by_date(require_object(answer)))
            cohorts = segments.pop(OVERALL, [])
            born = any(cohort.size for cohort in cohorts) or bool(segments)
            self._raise_for_misspelled(born, born_event, return_event)
            back = any(map(any, (cohort.retention for cohort in cohorts))) or bool(segments)
            self._warn_about_unknown([] if back or return_event is None else [return_event])
            return RetentionResult(
                born_event, return_event, *days, unit, cohorts, _segments=segments, _data=answer
            )

    def frequency(
        self,
        from_date: Day,
        to_date: Day,
        *,
        event: str | None = None,
        unit: Period = "day",
        addiction_unit: Literal["hour", "day"] = "hour",
        where: str | None = None,
        on: str | None = None,
        limit: int | None = None,
    ) -> FrequencyResult:
        """Return in how many hours or days (``addiction_unit``) of each ``unit`` users did
        ``event``.

        ``event`` None means any event. ``where`` is an expression. ``on``, a property's name or an
        expression, splits the result by its ``limit`` most common values into ``segments``. Raises
        like ``segmentation``.

        Args:
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            event: Name of the event. None: any.
            unit: ``day``, ``week`` or ``month``.
            addiction_unit: ``hour`` or ``day``.
            where: An expression of Mixpanel's segmentation language that the events must match.
            on: Name of a property, or an expression; splits the result by its most common values.
            limit: The number of values of ``on``.
        """
        days = day_range(from_date, to_date)
        with self._api.get(
            "retention/addiction",
            from_date=days.first,
            to_date=days.last,
            unit=require_choice("unit", unit, PERIODS),
            addiction_unit=require_choice("addiction_unit", addiction_unit, ("hour", "day")),
            event=event,
            where=where,
            on=as_expression(on),
            limit=require_at_most("limit", limit),
        ) as answer:
            segments = _counts_by_segment(entries_by_date(require_object(answer, "data")))
            data = segments.pop(OVERALL, {})
            self._raise_for_misspelled(any(map(any, data.values())) or bool(segments), event)
            return FrequencyResult(
                event, *days, unit, addiction_unit, data, _segments=segments, _data=answer
            )


def _period(unit: str, interval: int | None) -> dict[str, str | int]:
    """Return ``interval`` units as parameters: the server rejects ``unit`` beside ``interval``."""
    days = _DAYS[require_choice("unit", unit, PERIODS)]
    require_at_most("interval", interval, _LONGEST_DAYS // days)
    return {"unit": unit} if interval in (None, 1) else {"interval": (interval or 1) * days}


def _by_segment(rows: Mapping[str, Any]) -> dict[str, list[CohortInfo]]:
    """Return the cohorts of each segment. A row without segments is itself one cohort."""
    found: dict[str, list[CohortInfo]] = {}
    for day, row in rows.items():
        parts = as_object(row)
        is_whole = isinstance(parts.get("counts"), list)  # a segment may have this name, too
        for name, part in ({OVERALL: parts} if is_whole else parts).items():
            found.setdefault(name, []).append(_cohort(day, as_object(part)))
    return found


def _counts_by_segment(rows: Mapping[str, Any]) -> dict[str, dict[str, list[int]]]:
    """Return the counts of each segment by date. A row without segments is itself a list."""
    found: dict[str, dict[str, list[int]]] = {}
    for day, row in rows.items():
        for name, counts in ({OVERALL: row} if isinstance(row, list) else as_object(row)).items():
            found.setdefault(name, {})[day] = [int(as_number(count)) for count in as_list(counts)]
    return found


def _cohort(day: str, part: Mapping[str, Any]) -> CohortInfo:
    size = int(as_number(part.get("first")))
    back = [as_number(count) for count in as_list(part.get("counts"))]
    # Shares of the cohort's size; an empty cohort has none, and 0 avoids a division by it.
    return CohortInfo(day, size, [count / size if size else 0.0 for count in back])
