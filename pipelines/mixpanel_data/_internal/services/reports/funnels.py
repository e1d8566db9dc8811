"""Saved funnels."""

from collections.abc import Iterable
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
from mixpanel_data._internal.services.reports.base import MAX_VALUES, PERIODS, ReportQueries
from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.types import FunnelResult, FunnelStep
from mixpanel_data.types.base import OVERALL

_LENGTH_UNITS = ("day", "hour", "minute", "second")
# 90 days (Mixpanel's query OpenAPI file). Without a unit the funnel's own applies, which may be the
# shortest.
_LONGEST = {"day": 90, "hour": 90 * 24, "minute": 90 * 1_440, "second": 90 * 86_400}

Steps = list[dict[str, Any]]


class FunnelQueries(ReportQueries):
    """``/funnels``."""

    def funnel(
        self,
        funnel_id: int,
        from_date: Day,
        to_date: Day,
        *,
        unit: Literal["day", "week", "month"] | None = None,
        length: int | None = None,
        length_unit: Literal["day", "hour", "minute", "second"] | None = None,
        on: str | None = None,
        where: str | None = None,
        limit: int | None = None,
    ) -> FunnelResult:
        """Return the steps of a saved funnel, for users who entered it between the two days.

        Days are those of the project's zone, both included. ``length`` in ``length_unit``, at most
        90 days, is the time users have; as saved with the funnel by default. ``on``, a property's
        name or an expression, adds ``segments`` for its ``limit`` most common values (255 by
        default); ``where`` is an expression. ``unit`` only decides which dates ``raw`` has. Raises
        like ``segmentation``, and QueryError for a funnel that does not exist.

        Args:
            funnel_id: The id of the saved funnel, as :meth:`funnels` lists it.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            unit: ``day``, ``week`` or ``month``: the dates in ``raw``.
            length: The time that users have, in ``length_unit``. None: as saved.
            length_unit: ``day``, ``hour``, ``minute`` or ``second``.
            on: Name of a property, or an expression; splits the result by its most common values.
            where: An expression of Mixpanel's segmentation language that the events must match.
            limit: The number of values of ``on``. None: 255.
        """
        days = day_range(from_date, to_date)
        if length_unit is not None:
            require_choice("length_unit", length_unit, _LENGTH_UNITS)
        with self._api.get(
            "funnels",
            funnel_id=funnel_id,
            from_date=days.first,
            to_date=days.last,
            unit=None if unit is None else require_choice("unit", unit, PERIODS),
            # Without a unit, only a number is refused that no unit allows.
            length=require_at_most("length", length, _LONGEST[length_unit or "second"]),
            length_unit=length_unit,
            on=as_expression(on),
            where=where,
            limit=require_at_most("limit", limit, MAX_VALUES),
        ) as answer:
            segments = _by_segment(entries_by_date(require_object(answer, "data")).values())
            # Split by a property, the answer has its own total; some answers lack it, and then the
            # segments are added.
            steps = _add_steps(segments.pop(OVERALL, []) or _flatten(segments.values()))
            return FunnelResult(
                funnel_id,
                self._name(funnel_id),
                *days,
                conversion_rate=_rate(steps[-1].count, steps[0].count) if steps else 0.0,
                steps=steps,
                _segments={name: _add_steps(parts) for name, parts in segments.items()},
                _data=answer,
            )

    def _name(self, funnel_id: int) -> str | None:
        if self._discovery is None:
            return None
        try:
            saved = self._discovery.funnels()
        except MixpanelDataError:
            return None  # a missing name must not lose the numbers
        return next((funnel.name for funnel in saved if funnel.funnel_id == funnel_id), None)


def _by_segment(entries: Iterable[Any]) -> dict[str, list[Steps]]:
    """Return the steps of each date, by segment. An entry without segments has its steps
    directly."""
    found: dict[str, list[Steps]] = {}
    for entry in entries:
        parts = as_object(entry)
        is_whole = isinstance(parts.get("steps"), list)  # a segment may have this name, too
        for name, part in ({OVERALL: parts} if is_whole else parts).items():
            steps = as_list(as_object(part).get("steps", part))
            found.setdefault(name, []).append([as_object(step) for step in steps])
    return found


def _flatten(segments: Iterable[list[Steps]]) -> list[Steps]:
    return [steps for parts in segments for steps in parts]


def _add_steps(parts: list[Steps]) -> list[FunnelStep]:
    """Return the sums of the same steps over several dates."""
    longest = max(parts, key=len, default=[])
    counts = [
        sum(int(as_number(steps[n].get("count"))) for steps in parts if n < len(steps))
        for n in range(len(longest))
    ]
    # Shifted by one: before[n] is the count of the step before n.
    before = counts[:1] + counts
    return [
        FunnelStep(_label(step), count, 1.0 if n == 0 else _rate(count, before[n]))
        for n, (step, count) in enumerate(zip(longest, counts, strict=True))
    ]


def _label(step: dict[str, Any]) -> str:
    # A custom event is named $custom_event:12345; people use its label.
    return str(step.get("step_label") or step.get("event") or step.get("goal") or "")


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
