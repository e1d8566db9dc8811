"""The stored events and profiles, as the bytes that Mixpanel would send."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)

# The time of an export line written by `Event.make`: always the first property, in milliseconds.
_MILLISECONDS = re.compile(
    rb'^(\{"event":(?:"(?:[^"\\]|\\.)*"|null),"properties":\{"time":\d+)\d{3}', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Event:
    """One stored event: the line of an export in milliseconds, with its line break."""

    name: str
    time_ms: int
    line: bytes

    @classmethod
    def make(cls, name: str, time_ms: int, properties: dict[str, Any]) -> "Event":
        """Create an event; ``time`` is the first of its properties, where ``in_seconds`` expects
        it."""
        record = {"event": name, "properties": {"time": time_ms, **properties}}
        return cls(name, time_ms, encode_json(record) + b"\n")

    @property
    def properties(self) -> dict[str, Any]:
        """Return all properties, with ``time`` in milliseconds; integers of any size stay
        integers."""
        properties: dict[str, Any] = json.loads(self.line)["properties"]
        return properties

    @property
    def day(self) -> date:
        """The UTC day to which an export assigns the event."""
        return day_of(self.time_ms)


@dataclass(frozen=True, slots=True)
class Profile:
    """A user profile, or a group profile if ``data_group_id`` is set.

    ``properties`` None omits ``$properties`` in the response.
    """

    distinct_id: str | int
    properties: dict[str, Any] | None
    data_group_id: str | None = None
    raw: bytes | None = None
    """Bytes that replace the whole profile in the response."""


def encode_json(value: object) -> bytes:
    """Return compact UTF-8 JSON with characters such as U+2028 unescaped, like an export.

    A value with a lone surrogate, which UTF-8 can't encode, is escaped completely.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def in_seconds(lines: bytes) -> bytes:
    """Return export lines with event times cut to seconds, Mixpanel's default."""
    return _MILLISECONDS.sub(rb"\1", lines)


def day_of(time_ms: int) -> date:
    """Return the UTC date of an epoch time in milliseconds, of any century."""
    return _EPOCH + timedelta(days=time_ms // DAY_MS)


def to_ms(moment: datetime | int) -> int:
    """Return epoch milliseconds; a datetime without a zone is UTC."""
    if isinstance(moment, int):
        return moment
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
