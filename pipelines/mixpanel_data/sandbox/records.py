"""What the sandbox stores: events and profiles, in the bytes Mixpanel would send."""

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
    """One stored event, kept as the line an export in milliseconds shows (line break included)."""

    name: str
    time_ms: int
    line: bytes

    @classmethod
    def make(cls, name: str, time_ms: int, properties: dict[str, Any]) -> "Event":
        """The event with ``time`` put first among its properties, where ``in_seconds`` looks for
        it."""
        record = {"event": name, "properties": {"time": time_ms, **properties}}
        return cls(name, time_ms, encode_json(record) + b"\n")

    @property
    def properties(self) -> dict[str, Any]:
        """All properties, ``time`` (milliseconds) included; integers of any size stay integers."""
        properties: dict[str, Any] = json.loads(self.line)["properties"]
        return properties

    @property
    def day(self) -> date:
        """The UTC day an export files the event under."""
        return day_of(self.time_ms)


@dataclass(frozen=True, slots=True)
class Profile:
    """A user profile, or a group profile when ``data_group_id`` is set.

    ``properties`` of None means that the answer carries no ``$properties`` at all.
    """

    distinct_id: str | int
    properties: dict[str, Any] | None
    data_group_id: str | None = None
    raw: bytes | None = None
    """What the answer carries in the place of the whole profile, byte for byte."""


def encode_json(value: object) -> bytes:
    """Compact UTF-8 JSON with characters such as U+2028 unescaped, as an export sends them.

    Text that has no UTF-8 form (a lone surrogate) is escaped instead, and so is the rest of that
    value.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def in_seconds(lines: bytes) -> bytes:
    """The same export lines with event times cut to seconds, which is Mixpanel's default."""
    return _MILLISECONDS.sub(rb"\1", lines)


def day_of(time_ms: int) -> date:
    """The UTC date of an epoch time in milliseconds, of whatever century."""
    return _EPOCH + timedelta(days=time_ms // DAY_MS)


def to_ms(moment: datetime | int) -> int:
    """Epoch milliseconds; a datetime without a zone is read as UTC."""
    if isinstance(moment, int):
        return moment
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
