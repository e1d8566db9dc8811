"""Assigns faults to requests."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from mixpanel_data.sandbox.calls import Call
from mixpanel_data.sandbox.errors import ENGAGE_PATH, EXPORT_PATH
from mixpanel_data.sandbox.faults.kinds import ENGAGE_KINDS, LATER_PAGE_KINDS, FaultKind


@dataclass(kw_only=True)
class Options:
    """The options of faults; each uses the few that ``FaultKind`` names beside it."""

    at: float = 0.5  # a share, 0 to 1
    seconds: float = 1.0
    until: threading.Event | None = None  # ends a stall; without it ``seconds`` does
    text: str | None = None
    sealed: bool = False
    size: int = 20_000_000
    retry_after: int | str | datetime | None = None  # a datetime is sent as an HTTP date
    location: str = "http://elsewhere.invalid/"


@dataclass(kw_only=True)
class Fault(Options):
    """A fault of some requests.

    ``path`` None means export, or engage for kinds that only engage has; those that need an earlier
    page apply only to pages above 0. Of the given conditions, ``from_date``, ``to_date`` and
    ``page`` must equal the request's, ``day`` must be in its range, and ``match`` must hold. The
    fault is applied ``times`` times; None means always.
    """

    kind: FaultKind | str = field(kw_only=False)
    path: str | None = None
    match: Callable[[Call], bool] | None = None
    times: int | None = 1
    from_date: date | str | None = None
    to_date: date | str | None = None
    day: date | None = None
    page: int | None = None

    def __post_init__(self) -> None:
        self.kind = FaultKind(self.kind)
        self.path = self.path or (ENGAGE_PATH if self.kind in ENGAGE_KINDS else EXPORT_PATH)

    def matches(self, call: Call) -> bool:
        """Return True if the request matches, however often the fault was applied."""
        wanted = {"from_date": self.from_date, "to_date": self.to_date, "page": self.page}
        asked = {"page": "0"} | call.fields
        return (
            call.path == self.path
            and not (self.kind in LATER_PAGE_KINDS and str(asked["page"]) == "0")
            and all(str(asked.get(name)) == str(v) for name, v in wanted.items() if v is not None)
            and (self.day is None or _covers(call, self.day))
            and (self.match is None or self.match(call))
        )


def _covers(call: Call, day: date) -> bool:
    first, last = (str(call.fields.get(name, "")) for name in ("from_date", "to_date"))
    return first <= day.isoformat() <= last


class Faults:
    """The faults still to apply; of several that match, the one added first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Apply ``fault`` from the next matching request on; return it for convenience."""
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._waiting.clear()

    def take(self, call: Call) -> Fault | None:
        """Return the fault for this request, and count it as applied."""
        with self._lock:
            fault = next((each for each in self._waiting if each.matches(call)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
            return fault
