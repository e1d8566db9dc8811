"""Segmentation: one event over time, in total or split by a property."""

from typing import Literal

from mixpanel_data._internal.services.discovery import COUNTS
from mixpanel_data._internal.services.query_api.answers import any_nonzero, parse_series
from mixpanel_data._internal.services.query_api.arguments import (
    Day,
    day_range,
    reject_hourly_uniques,
    require_at_most,
    require_choice,
)
from mixpanel_data._internal.services.query_api.expressions import as_expression
from mixpanel_data._internal.services.reports.base import MAX_VALUES, ReportQueries
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import SegmentationResult

CountType = Literal["general", "unique", "average"]
SegmentationUnit = Literal["minute", "hour", "day", "month"]
_UNITS = ("minute", "hour", "day", "month")


class SegmentationQueries(ReportQueries):
    """``/segmentation``."""

    def segmentation(
        self,
        event: str,
        from_date: Day,
        to_date: Day,
        *,
        unit: SegmentationUnit | None = None,
        on: str | None = None,
        where: str | None = None,
        type: CountType = "general",
        limit: int | None = None,
        interval: int | None = None,
    ) -> SegmentationResult:
        """Return how often ``event`` occurred, by ``unit``, in the project's time zone.

        Both days are included. ``unit``: minute, hour, day (the default) or month, as in Mixpanel's
        query OpenAPI file; ``event_counts`` also counts by weeks. ``on`` is the name of a property
        or an expression, and splits the count by its ``limit`` most common values (60 by default,
        at most 10,000). ``where`` is an expression. ``type``: ``general`` counts events, ``unique``
        users (not by hours or minutes), ``average`` events a user. ``interval``, in days, replaces
        ``unit``, and only if ``type`` is not ``general``; dates are then the first day of each
        interval, from ``from_date`` on.

        Args:
            event: Name of the event.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            unit: ``minute``, ``hour``, ``day`` or ``month``. None: ``day``.
            on: Name of a property, or an expression; splits the result by its most common values.
            where: An expression of Mixpanel's segmentation language that the events must match.
            type: ``general`` counts events, ``unique`` users, ``average`` events a user.
            limit: The number of values of ``on``. None: 60.
            interval: The number of days to count together, in place of ``unit``.

        Raises:
            ConfigError: for invalid arguments, such as both ``unit`` and ``interval``; no request
                was sent.
            QueryError: if Mixpanel rejects it, with ``plan_limit`` if the reason is the project's
                plan; for an event that looks misspelled, with ``near_matches`` in ``details``.
            AuthenticationError: if the credentials are invalid or lack access.
            RateLimitError: if the requests of this hour are used up.
            ServerError: if Mixpanel failed.
            APIError: if there is no response, or an unreadable one.
        """
        days = day_range(from_date, to_date)
        reject_hourly_uniques(require_choice("type", type, COUNTS), _unit(unit, type, interval))
        with self._api.get(
            "segmentation",
            event=event,
            from_date=days.first,
            to_date=days.last,
            # One of the two: an interval is an alternative to a unit (Mixpanel's query OpenAPI
            # file).
            unit=(unit or "day") if interval is None else None,
            interval=require_at_most("interval", interval),
            on=as_expression(on),
            where=where,
            type=type,
            limit=require_at_most("limit", limit, MAX_VALUES),
        ) as answer:
            counts = parse_series(answer, zeros=type != "average")
            self._raise_for_misspelled(any_nonzero(counts.values()), event)
            total = sum(sum(by_date.values()) for by_date in counts.values())
            return SegmentationResult(
                event, *days, unit or "day", segment_property=on, total=total, series=counts,
                _data=answer,
            )  # fmt: skip


def _unit(unit: str | None, type: str, interval: int | None) -> str:
    """Return the unit of the count.

    Raise ConfigError for a unit that Mixpanel does not have, or one beside an ``interval``.
    """
    if unit == "week":
        raise ConfigError(
            "Mixpanel's segmentation has no unit week. It may be "
            f"{', '.join(_UNITS)}; event_counts counts by weeks."
        )
    if unit is not None:
        require_choice("unit", unit, _UNITS)
    if interval is None:
        return unit or "day"
    if unit is not None:
        raise ConfigError("unit and interval can't both be given: an interval is a number of days.")
    if type == "general":
        raise ConfigError("interval needs the type unique or average; general counts by unit.")
    return "day"
