"""Segmentation: one event over time, whole or split by a property."""

from typing import Literal

from mixpanel_data._internal.query_answers import happened, series
from mixpanel_data._internal.query_arguments import Day, choice, day_range, no_hourly_uniques
from mixpanel_data._internal.query_expressions import as_expression
from mixpanel_data._internal.services.discovery import COUNTS
from mixpanel_data._internal.services.queries import UNITS, Queries
from mixpanel_data.types import SegmentationResult

CountType = Literal["general", "unique", "average"]
Unit = Literal["minute", "hour", "day", "week", "month"]


class SegmentationQueries(Queries):
    """``/segmentation``."""

    def segmentation(
        self,
        event: str,
        from_date: Day,
        to_date: Day,
        *,
        unit: Unit = "day",
        on: str | None = None,
        where: str | None = None,
        type: CountType = "general",
        limit: int | None = None,
        interval: int | None = None,
    ) -> SegmentationResult:
        """How often ``event`` happened, by ``unit``, in the project's time zone; both days included.

        ``on`` is the name of a property or an expression, and splits the count by its ``limit`` most common values (60
        unless said, at most 10,000). ``where`` is an expression. ``type``: ``general`` counts events, ``unique`` users,
        ``average`` events a user. ``interval``, in days, replaces ``unit`` when ``type`` is not ``general``. Mixpanel
        documents weeks for ``event_counts`` only.

        Raises:
            ConfigError: arguments that can't be right; nothing was asked.
            QueryError: what Mixpanel refuses, ``plan_limit`` where the project's plan is the reason; an event that looks
                misspelt, with ``near_matches`` in ``details``.
            AuthenticationError: the credentials, or what they may do.
            RateLimitError: the hour's requests are spent.
            ServerError: Mixpanel failed.
            APIError: no answer, or one that can't be read.
        """
        days = day_range(from_date, to_date)
        choice("unit", unit, UNITS)
        no_hourly_uniques(choice("type", type, COUNTS), unit)
        answer = self._api.get(
            "segmentation",
            event=event,
            from_date=days.first,
            to_date=days.last,
            unit=unit if interval is None else None,
            interval=interval,
            on=as_expression(on),
            where=where,
            type=type,
            limit=limit,
        )
        counts = series(answer, zeros=type != "average")
        self._refuse_slips(happened(counts.values()), event)
        total = sum(sum(by_date.values()) for by_date in counts.values())
        return SegmentationResult(
            event, *days, unit, segment_property=on, total=total, series=counts, _data=answer
        )
