"""The events of single users."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mixpanel_data.types.base import Answer, Record


@dataclass(frozen=True, repr=False)
class UserEvent(Record):
    """One event of one user.

    ``time`` is in UTC (for projects created before 2023, the project's local time read as UTC);
    None if the event has none. ``properties`` has everything that Mixpanel sent.
    """

    event: str
    time: datetime | None
    distinct_id: str | None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ActivityFeedResult(Answer):
    """The events of ``distinct_ids`` from ``from_date`` to ``to_date`` (both included).

    They are in Mixpanel's order. ``df``: event, time, distinct_id, properties.
    """

    distinct_ids: list[str]
    from_date: str
    to_date: str
    events: list[UserEvent] = field(default_factory=list)

    def _columns(self) -> list[str]:
        return ["event", "time", "distinct_id", "properties"]

    def records(self) -> list[dict[str, Any]]:
        return [{name: getattr(event, name) for name in self._columns()} for event in self.events]
