"""Counts of several events, or of one event by the values of a property."""

from collections.abc import Sequence
from typing import Literal

from mixpanel_data._internal.api.parameters import json_array
from mixpanel_data._internal.services.discovery import COUNTS
from mixpanel_data._internal.services.query_api.answers import any_nonzero, parse_series
from mixpanel_data._internal.services.query_api.arguments import (
    Day,
    day_range,
    reject_hourly_uniques,
    require_at_most,
    require_choice,
)
from mixpanel_data._internal.services.reports.base import UNITS, ReportQueries
from mixpanel_data._internal.services.reports.segmentation import CountType
from mixpanel_data.types import EventCountsResult, PropertyCountsResult

Unit = Literal["minute", "hour", "day", "week", "month"]


class EventCountQueries(ReportQueries):
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
        """Return how often each of ``events`` occurred, by ``unit``.

        An event that is unknown, or did not occur, has counts of 0, and a ConfigWarning names an
        unknown one; a misspelled event is an error only if none occurred. Raises like
        ``segmentation``.

        Args:
            events: Name or names of the events.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            type: ``general`` counts events, ``unique`` users, ``average`` events a user.
            unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        """
        days = day_range(from_date, to_date)
        reject_hourly_uniques(
            require_choice("type", type, COUNTS), require_choice("unit", unit, UNITS)
        )
        with self._api.get(
            "events",
            event=json_array("events", events),
            type=type,
            unit=unit,
            from_date=days.first,
            to_date=days.last,
        ) as answer:
            names = [events] if isinstance(events, str) else list(events)
            # The mean of no events is not 0: only counts are filled up.
            counts = parse_series(answer, zeros=type != "average", expected=names)
            self._raise_for_misspelled(any_nonzero(counts.values()), *names)
            self._warn_about_unknown([event for event in names if not any_nonzero([counts[event]])])
            return EventCountsResult(names, *days, unit, type, counts, _data=answer)

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
        """Return how often ``event`` occurred with each value of ``property_name``, by ``unit``.

        The values are the ``limit`` most common ones (255 by default), or ``values``. Raises like
        ``segmentation``.

        Args:
            event: Name of the event.
            property_name: Name of the property.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            type: ``general`` counts events, ``unique`` users, ``average`` events a user.
            unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
            values: The values to count. None: the most common ones.
            limit: The number of values. None: 255.
        """
        days = day_range(from_date, to_date)
        reject_hourly_uniques(
            require_choice("type", type, COUNTS), require_choice("unit", unit, UNITS)
        )
        with self._api.get(
            "events/properties",
            event=event,
            name=property_name,
            values=json_array("values", values),
            type=type,
            unit=unit,
            from_date=days.first,
            to_date=days.last,
            # No maximum here: the server reduces larger limits itself.
            limit=require_at_most("limit", limit),
        ) as answer:
            counts = parse_series(answer, zeros=type != "average")
            self._raise_for_misspelled(any_nonzero(counts.values()), event)
            return PropertyCountsResult(
                event, property_name, *days, unit, type, counts, _data=answer
            )
