"""The requests of a run, before it sends them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mixpanel_data._display import Displayed
from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.streams.windows import Window


@dataclass(frozen=True, repr=False)
class PlannedRequest(Displayed):
    """One request for events."""

    window: Window
    days_there: int
    """The number of its days that are loaded already and will be replaced."""
    expected_bytes: int | None
    """Bytes to receive, from the last fetch of those days; None if they were never fetched."""


@dataclass(frozen=True, repr=False)
class Preview(Displayed):
    """The requests of a run, as far as the ledger shows."""

    wanted: Range
    days_due: int
    days_there: int
    """Days of the range that are loaded, including those to refetch."""
    requests: tuple[PlannedRequest, ...]
    remaining: int
    """Exports that the rate limit permits now."""
    done_at: datetime
    """When the rate limit permits the last request, UTC."""
    seconds: float
    """Seconds from now until then."""

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON; dates and times are ISO texts."""
        return {
            "from_date": str(self.wanted.first),
            "to_date": str(self.wanted.last),
            "days_due": self.days_due,
            "days_there": self.days_there,
            "requests": [
                {
                    "from_date": str(request.window.first),
                    "to_date": str(request.window.last),
                    "days": len(request.window),
                    "days_there": request.days_there,
                    "expected_bytes": request.expected_bytes,
                }
                for request in self.requests
            ],
            "request_count": len(self.requests),
            "budget_remaining": self.remaining,
            "estimated_seconds": round(self.seconds),
            "last_request_at": self.done_at.isoformat(timespec="seconds"),
        }


def planned_request(window: Window, ledger: Ledger) -> PlannedRequest:
    """Return the request for ``window``, with its volume by the ledger."""
    there = [ledger.days[day] for day in window.days() if day in ledger.days]
    return PlannedRequest(window, len(there), sum(day.bytes for day in there) if there else None)
