"""The data of a project, as the sandbox serves it: a small store that may change while it is
read."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from mixpanel_data.sandbox import shop
from mixpanel_data.sandbox.bodies import DaysBody
from mixpanel_data.sandbox.days import FileDay, MemoryDay
from mixpanel_data.sandbox.records import Event, Profile, to_ms
from mixpanel_data.sandbox.saved import Saved


class Revision:
    """Identifies a state of the events: copies share it, the next change replaces it."""


class Dataset:
    """Events by UTC day, profiles, and saved objects. All methods are thread-safe."""

    def __init__(self) -> None:
        self._days: dict[date, MemoryDay | FileDay] = {}
        self._profiles: dict[tuple[str | None, str], Profile] = {}
        self._members = False
        self._deleted: set[Event] = set()
        self._revision = Revision()
        self._lock = threading.RLock()
        self.saved = Saved()

    @classmethod
    def empty(cls) -> "Dataset":
        """Create a project without events and profiles."""
        return cls()

    @classmethod
    def sample(
        cls, *, today: date | None = None, seed: int = 1, days: int = 60, users: int = 1200
    ) -> "Dataset":
        """Create an invented shop over the ``days`` before ``today`` (UTC).

        The same arguments give the same bytes.
        """
        made = shop.sample(today=today, seed=seed, days=days, users=users)
        dataset = cls()
        dataset.add(*made.events)
        dataset.saved = made.saved
        for each in made.profiles:
            dataset.set_profile(each.distinct_id, each.properties, data_group_id=each.data_group_id)
        return dataset

    @classmethod
    def from_files(cls, days: Mapping[date, Path], *, members: bool = False) -> "Dataset":
        """Create a data set of gzip files of NDJSON, event times in milliseconds, which are
        streamed.

        A response with several days is one gzip stream, as from Mixpanel: files written by
        ``compression.pack`` are joined, others are recompressed while sending (slow).
        ``members`` sends the files unchanged, one gzip member each.
        """
        dataset = cls()
        dataset._days = {day: FileDay(path) for day, path in days.items()}
        dataset._members = members
        return dataset

    def copy(self) -> "Dataset":
        """Return an independent copy."""
        twin = Dataset()
        with self._lock:
            twin._days = dict(self._share())
            twin._profiles = dict(self._profiles)
            twin._members = self._members
            twin._deleted = set(self._deleted)
            twin._revision = self._revision
            twin.saved = self.saved.copy()
        return twin

    def add_event(
        self,
        event: str,
        time: datetime | int,
        /,
        *,
        distinct_id: str | int | None = None,
        insert_id: str | None = None,
        **properties: Any,
    ) -> Event:
        """Store one event and return it. ``time`` is epoch milliseconds, or a datetime (UTC without
        a zone).

        ``distinct_id`` or ``insert_id`` None omits the property. Names that are not Python names
        are passed as ``**{…}``.
        """
        ids = {"distinct_id": distinct_id, "$insert_id": insert_id}
        present = {name: value for name, value in ids.items() if value is not None}
        stored = Event.make(event, to_ms(time), present | properties)
        self.add(stored)
        return stored

    def add(self, *events: Event) -> None:
        """Store events; storing one twice makes a duplicate."""
        with self._lock:
            self._revision = Revision()
            for event in events:
                self._open_day(event.day).append(event)

    def add_line(self, day: date, raw: bytes) -> None:
        """Serve ``raw`` with the events of ``day`` byte for byte, without adding a line break."""
        with self._lock:
            self._revision = Revision()
            self._open_day(day).append(raw)

    def remove_events(self, predicate: Callable[[Event], bool]) -> int:
        """Delete the events for which ``predicate`` holds; return their number."""
        removed = 0
        with self._lock:
            self._revision = Revision()
            for day, stored in self._days.items():
                if isinstance(stored, MemoryDay):
                    kept = [r for r in stored.records if isinstance(r, bytes) or not predicate(r)]
                    removed += len(stored.records) - len(kept)
                    self._days[day] = MemoryDay(kept)
        return removed

    def delete_in_lexicon(self, predicate: Callable[[Event], bool]) -> int:
        """Delete the events for which ``predicate`` holds, as Lexicon does; return their number.

        Reports no longer have them, and exports still do, for up to 37 days (docs/mixpanel-facts.md,
        section 11.8). ``remove_events`` ends that.
        """
        with self._lock:
            self._revision = Revision()
            deleted = {event for event in self.events() if predicate(event)} - self._deleted
            self._deleted |= deleted
        return len(deleted)

    def events(self) -> Iterator[Event]:
        """Yield every event in memory, by day."""
        for day in self.days():
            yield from self.events_on(day)

    def contents(self) -> tuple[Revision, list[Event]]:
        """Return the events in memory that reports have, and their revision."""
        with self._lock:
            return self._revision, [each for each in self.events() if each not in self._deleted]

    def events_on(self, day: date) -> list[Event]:
        """Return the events of one UTC day, without raw lines and days in files."""
        with self._lock:
            stored = self._days.get(day)
            if not isinstance(stored, MemoryDay):
                return []
            return [record for record in stored.records if isinstance(record, Event)]

    def days(self) -> list[date]:
        """Return the days with any data, oldest first."""
        with self._lock:
            return sorted(self._days)

    def lines(self, from_date: date, to_date: date, *, time_in_ms: bool = True) -> Iterator[bytes]:
        """Yield the lines of an export of ``from_date`` to ``to_date`` (both included), with line
        breaks."""
        body = b"".join(self.body(from_date, to_date, time_in_ms=time_in_ms).plain())
        return (line + b"\n" for line in body.removesuffix(b"\n").split(b"\n") if body)

    def body(self, from_date: date, to_date: date, *, time_in_ms: bool) -> DaysBody:
        """Return the body of an export of the current data; later changes do not affect it."""
        days = [
            stored
            for day, stored in sorted(self._share(), key=itemgetter(0))
            if from_date <= day <= to_date
        ]
        return DaysBody(days, time_in_ms, self._members)

    def set_profile(
        self,
        distinct_id: str | int,
        properties: dict[str, Any] | None = None,
        *,
        data_group_id: str | None = None,
        raw: bytes | None = None,
    ) -> None:
        """Store a profile in place of the one with the same id.

        ``properties`` None omits ``$properties`` in the response. ``raw``, which need not be JSON,
        replaces the whole profile.
        """
        kept = None if properties is None else dict(properties)
        with self._lock:
            profile = Profile(distinct_id, kept, data_group_id, raw)
            self._profiles[data_group_id, str(distinct_id)] = profile

    def remove_profile(self, distinct_id: str | int, *, data_group_id: str | None = None) -> None:
        """Delete a profile; KeyError if there is none."""
        with self._lock:
            del self._profiles[data_group_id, str(distinct_id)]

    def profile(self, distinct_id: str | int) -> Profile | None:
        """Return the user profile of an id."""
        with self._lock:
            return self._profiles.get((None, str(distinct_id)))

    def profiles(self, data_group_id: str | None = None) -> list[Profile]:
        """Return the user profiles, or those of one group key, in the order in which they were
        stored."""
        with self._lock:
            return [p for (group, _), p in self._profiles.items() if group == data_group_id]

    def _share(self) -> list[tuple[date, MemoryDay | FileDay]]:
        """Return all days; later changes are made to copies."""
        with self._lock:
            for stored in self._days.values():
                if isinstance(stored, MemoryDay):
                    stored.shared = True
            return list(self._days.items())

    def _open_day(self, day: date) -> list[Event | bytes]:
        """Return the lines of a day for appending; KeyError if the day is a file."""
        stored = self._days.setdefault(day, MemoryDay())
        if not isinstance(stored, MemoryDay):
            raise KeyError(f"{day} is in {stored.path}")
        if stored.shared:
            stored = self._days[day] = MemoryDay(stored.records)
        return stored.records
