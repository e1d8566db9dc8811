"""How often events happen, side by side or by the values of a property."""

from collections.abc import Sequence
from typing import Literal

from mixpanel_data._internal.api.parameters import json_array
from mixpanel_data._internal.services.discovery import COUNTS
from mixpanel_data._internal.services.query_api.answers import happened, series
from mixpanel_data._internal.services.query_api.arguments import (
    Day,
    at_most,
    choice,
    day_range,
    no_hourly_uniques,
)
from mixpanel_data._internal.services.reports.base import UNITS, Queries
from mixpanel_data._internal.services.reports.segmentation import CountType
from mixpanel_data.types import EventCountsResult, PropertyCountsResult

Unit = Literal["minute", "hour", "day", "week", "month"]


class BreakdownQueries(Queries):
    """The reports ``/events`` and ``/events/properties``.

    Days are those of the project's zone. ``type``: ``general`` counts events, ``unique`` users (not
    by hours or minutes), ``average`` events a user.
    """

    def event_counts(
        self,
        events: str | Sequence[str],
        from_date: Day,
        to_date: Day,
        *,
        type: CountType = "general",
        unit: Unit = "day",
    ) -> EventCountsResult:
        """How often each of ``events`` happened, by ``unit``. Errors as of ``segmentation``.

        An event that is unknown, or did not happen, counts 0 everywhere, and a ConfigWarning names
        an unknown one; only when none happened, a misspelt one is an error.
        """
        days = day_range(from_date, to_date)
        no_hourly_uniques(choice("type", type, COUNTS), choice("unit", unit, UNITS))
        with self._api.get(
            "events",
            event=json_array("events", events),
            type=type,
            unit=unit,
            from_date=days.first,
            to_date=days.last,
        ) as answer:
            asked = [events] if isinstance(events, str) else list(events)
            counts = series(answer, zeros=type != "average", expected=asked)
            self._refuse_slips(happened(counts.values()), *asked)
            self._warn_of_slips([event for event in asked if not happened([counts[event]])])
            return EventCountsResult(asked, *days, unit, type, counts, _data=answer)

    def property_counts(
        self,
        event: str,
        property_name: str,
        from_date: Day,
        to_date: Day,
        *,
        type: CountType = "general",
        unit: Unit = "day",
        values: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> PropertyCountsResult:
        """How often ``event`` happened with each value of ``property_name``, by ``unit``. Errors as
        of ``segmentation``.

        The ``limit`` most common values (255 unless said), or only ``values``.
        """
        days = day_range(from_date, to_date)
        no_hourly_uniques(choice("type", type, COUNTS), choice("unit", unit, UNITS))
        with self._api.get(
            "events/properties",
            event=event,
            name=property_name,
            values=json_array("values", values),
            type=type,
            unit=unit,
            from_date=days.first,
            to_date=days.last,
            limit=at_most("limit", limit),
        ) as answer:
            counts = series(answer, zeros=type != "average")
            self._refuse_slips(happened(counts.values()), event)
            return PropertyCountsResult(
                event, property_name, *days, unit, type, counts, _data=answer
            )
