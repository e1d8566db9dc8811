"""Validates the arguments of a fetch."""

from collections.abc import Sequence
from datetime import date

from mixpanel_data._internal.services.query_api.arguments import Day, day_range
from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data._internal.streams.windows import Window, require_possible_days
from mixpanel_data.exceptions import ConfigError


def parse_window(from_date: Day, to_date: Day) -> Window:
    """Return the days, both included. Raise ConfigError for an invalid date or order."""
    window = Window(*(date.fromisoformat(day) for day in day_range(from_date, to_date)))
    try:
        require_possible_days(window.first, window.last)
    except ValueError as error:
        raise ConfigError(f"These days can't be fetched: {error}.") from None
    return window


def event_filter(events: Sequence[str] | None, where: str | None) -> EventFilter:
    """Return the filter; a string is one name. Raise ConfigError for an empty list."""
    # No name at all would mean all events to the export API.
    if events is not None and not events:
        raise ConfigError("events is empty. Name at least one event, or leave it out for all.")
    names = (events,) if isinstance(events, str) else tuple(events or ())
    return EventFilter(names, where)
