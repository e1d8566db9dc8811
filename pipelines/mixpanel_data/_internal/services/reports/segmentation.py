"""Segmentation: one event over time, whole or split by a property."""

from typing import Literal

from mixpanel_data._internal.services.discovery import COUNTS
from mixpanel_data._internal.services.query_api.answers import happened, series
from mixpanel_data._internal.services.query_api.arguments import (
    Day,
    at_most,
    choice,
    day_range,
    no_hourly_uniques,
)
from mixpanel_data._internal.services.query_api.expressions import as_expression
from mixpanel_data._internal.services.reports.base import MOST_VALUES, Queries
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import SegmentationResult

CountType = Literal["general", "unique", "average"]
SegmentationUnit = Literal["minute", "hour", "day", "month"]
_UNITS = ("minute", "hour", "day", "month")


class SegmentationQueries(Queries):
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
        """How often ``event`` happened, by ``unit``, in the project's time zone; both days
        included.

        ``unit``: minute, hour, day (the default) or month, as Mixpanel's query OpenAPI file has it;
        ``event_counts`` counts by weeks too. ``on`` is the name of a property or an expression, and
        splits the count by its ``limit`` most common values (60 by default, at most 10,000).
        ``where`` is an expression. ``type``: ``general`` counts events, ``unique`` users (not by
        hours or minutes), ``average`` events a user. ``interval``, in days, stands in place of
        ``unit``, and only when ``type`` is not ``general``; dates are then the first day of each
        interval, from ``from_date`` on.

        Raises:
            ConfigError: arguments that can't be right, such as both ``unit`` and ``interval``;
                nothing was asked.
            QueryError: what Mixpanel refuses, ``plan_limit`` where the project's plan is the
                reason; an event that looks misspelt, with ``near_matches`` in ``details``.
            AuthenticationError: the credentials, or what they may do.
            RateLimitError: the hour's requests are spent.
            ServerError: Mixpanel failed.
            APIError: no answer, or one that can't be read.
        """
        days = day_range(from_date, to_date)
        no_hourly_uniques(choice("type", type, COUNTS), _unit(unit, type, interval))
        with self._api.get(
            "segmentation",
            event=event,
            from_date=days.first,
            to_date=days.last,
            unit=(unit or "day") if interval is None else None,
            interval=at_most("interval", interval),
            on=as_expression(on),
            where=where,
            type=type,
            limit=at_most("limit", limit, MOST_VALUES),
        ) as answer:
            counts = series(answer, zeros=type != "average")
            self._refuse_slips(happened(counts.values()), event)
            total = sum(sum(by_date.values()) for by_date in counts.values())
            return SegmentationResult(
                event, *days, unit or "day", segment_property=on, total=total, series=counts,
                _data=answer,
            )  # fmt: skip


def _unit(unit: str | None, type: str, interval: int | None) -> str:
    """The unit of the count. Raises ConfigError for one that Mixpanel does not have, or one beside
    an ``interval``."""
    if unit == "week":
        raise ConfigError(
            "Mixpanel's segmentation has no unit week. It may be "
            f"{', '.join(_UNITS)}; event_counts counts by weeks."
        )
    if unit is not None:
        choice("unit", unit, _UNITS)
    if interval is None:
        return unit or "day"
    if unit is not None:
        raise ConfigError("unit and interval can't both be given: an interval is a number of days.")
    if type == "general":
        raise ConfigError("interval needs the type unique or average; general counts by unit.")
    return "day"
