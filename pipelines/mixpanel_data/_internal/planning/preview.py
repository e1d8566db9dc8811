"""The requests of a run, before it sends them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mixpanel_data._display import Displayed
from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.streams.windows import Window

NEAREST = 5
"""Fetched days from which the size of another one is estimated."""


@dataclass(frozen=True, repr=False)
class PlannedRequest(Displayed):
    """One request for events."""

    window: Window
    days_there: int
    """The number of its days that are loaded already and will be replaced."""
    expected_bytes: int | None
    """Compressed bytes to receive, by the last fetch of those days; days that were never fetched
    count as the mean of the nearest ones. None if no day was fetched."""
    is_estimate: bool
    """True if it has days that were never fetched."""


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
                    "is_estimate": request.is_estimate,
                }
                for request in self.requests
            ],
            "request_count": len(self.requests),
            "budget_remaining": self.remaining,
            "estimated_seconds": round(self.seconds),
            "last_request_at": self.done_at.isoformat(timespec="seconds"),
        }


def planned_request(window: Window, ledger: Ledger) -> PlannedRequest:
    """Return what the ledger knows of ``window``."""
    there = [day for day in window.days() if day in ledger.days]
    unknown = len(window) - len(there)
    known = sum(ledger.days[day].bytes for day in there)
    expected = known + round(unknown * _near_bytes(window, ledger)) if ledger.days else None
    return PlannedRequest(window, len(there), expected, is_estimate=unknown > 0)


def _near_bytes(window: Window, ledger: Ledger) -> float:
    """Return the mean bytes of the fetched days that are nearest to ``window``."""
    middle = window.first + (window.last - window.first) / 2
    nearest = sorted(ledger.days, key=lambda day: abs(day - middle))[:NEAREST]
    return sum(ledger.days[day].bytes for day in nearest) / len(nearest)
