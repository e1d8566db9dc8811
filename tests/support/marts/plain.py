"""The numbers of the marts in plain Python, read off the raw events: no SQL, no code of ours."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from support.raw_file import Event

ZONE = ZoneInfo("Europe/Berlin")
HIDDEN = {"Hidden"}
OUTSIDE_SESSIONS = {*HIDDEN, "$campaign_delivery"}


@dataclass
class Seen:
    """An event once it is known to count, and whose it is."""

    name: str
    time: datetime
    user: str | None
    properties: Mapping[str, Any]
    session: int | None = field(default=None)

    @property
    def day(self) -> date:
        return self.time.replace(tzinfo=UTC).astimezone(ZONE).date()


def events(raw: Iterable[Event]) -> list[Seen]:
    """Each event once, with its user, in order of time."""
    kept = list(_once(raw))
    owners = _owners(kept)
    seen = []
    for event in kept:
        sender = _sender(event)
        user = owners.get(sender, sender) if sender else None
        seen.append(Seen(event.name, event.time, user, event.properties))
    return sorted(seen, key=lambda each: each.time)


def _once(raw: Iterable[Event]) -> Iterable[Event]:
    copies: dict[object, list[Event]] = defaultdict(list)
    for number, event in enumerate(raw):
        sent_for = event.properties.get("$distinct_id_before_identity", event.user)
        key = (event.name, event.time, sent_for, event.insert_id) if event.insert_id else number
        copies[key].append(event)
    for group in copies.values():
        yield min(group, key=lambda e: (-e.properties.get("mp_processing_time_ms", 0), e.row()[4]))


def _sender(event: Event) -> str | None:
    if not event.user:
        return None
    found = event.properties
    if found.get("$user_id"):
        return str(found["$user_id"])
    return f"$device:{found['$device_id']}" if found.get("$device_id") else event.user


def _owners(kept: Iterable[Event]) -> dict[str | None, str]:
    """The first user of each device, in the order Mixpanel took events in."""
    claims: dict[str | None, list[tuple[Any, ...]]] = defaultdict(list)
    for event in kept:
        found = event.properties
        if event.user and found.get("$device_id") and not event.user.startswith("$device:"):
            claims[f"$device:{found['$device_id']}"].append(
                (found.get("mp_processing_time_ms"), event.time, event.user)
            )
    return {device: min(several)[-1] for device, several in claims.items()}


def sessions(seen: Iterable[Seen]) -> list[list[Seen]]:
    """The events of each session, in order."""
    found: list[list[Seen]] = []
    last: dict[str, list[Seen]] = {}
    for event in seen:
        if event.user is None or event.name in OUTSIDE_SESSIONS:
            continue
        open_one = last.get(event.user)
        if (
            open_one
            and event.time - open_one[-1].time <= timedelta(minutes=30)
            and event.day == open_one[-1].day
        ):
            open_one.append(event)
        else:
            last[event.user] = [event]
            found.append(last[event.user])
    return found


def users_of(seen: Iterable[Seen], *, name: str | None = None) -> dict[date, set[str]]:
    """The users of each day, or of the event ``name``."""
    days: dict[date, set[str]] = defaultdict(set)
    for event in seen:
        wanted = event.name == name if name else event.name not in HIDDEN
        if event.user is not None and wanted:
            days[event.day].add(event.user)
    return days


def between(days: Mapping[date, set[str]], first: date, last: date) -> set[str]:
    """The users from ``first`` to ``last``, both included."""
    return set().union(*(users for day, users in days.items() if first <= day <= last))


def before(days: Mapping[date, set[str]], day: date) -> set[str]:
    return between(days, date.min, day - timedelta(days=1))


def properties(text: str) -> Any:
    return json.loads(text)
