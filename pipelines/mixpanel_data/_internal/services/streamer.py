"""Yields records one by one, from files that were verified before the first record."""

import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.landing.invalid_lines import numbered_lines
from mixpanel_data._internal.landing.profile_lines import profile_json, read_distinct_id
from mixpanel_data._internal.services.fetcher import collect_findings, load_readable
from mixpanel_data._internal.services.fetching.arguments import event_filter, parse_window
from mixpanel_data._internal.services.fetching.landing import (
    EventLandings,
    ProfileLandings,
    temporary_landing,
)
from mixpanel_data._internal.services.fetching.record_stream import Findings, RecordStream
from mixpanel_data._internal.services.fetching.records import TOO_DEEP, Record, parse_record
from mixpanel_data._internal.services.fetching.remedies import (
    NOTHING_YIELDED,
    EventStreamProgress,
    incomplete_remedy,
)
from mixpanel_data._internal.services.query_api.arguments import Day
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.types import RejectedLine

_ROWS = 1_000
"""Records held in memory at once."""


class StreamerService:
    """Streams events and profiles. An iterator that ends has yielded everything; otherwise it
    raises.

    The records are those that a fetch would store, by the same rules for duplicates and unreadable
    lines. Errors are those of FetcherService; IncompleteExportError may be raised in the middle, if
    later days are incomplete: its message, and ``yielded`` and ``resume_from`` of its details, say
    what was yielded and from which day on to read the rest.
    """

    def __init__(self, client: MixpanelAPIClient, *, zone: Zone | None = None) -> None:
        self._client = client
        self._zone = zone or Zone()

    def stream_events(
        self,
        from_date: Day,
        to_date: Day,
        *,
        events: Sequence[str] | None = None,
        where: str | None = None,
    ) -> RecordStream:
        """Yield every event of the days, both included, as Mixpanel exports it.

        ``time`` is in milliseconds. Older days are first, unordered within a request. Of duplicate
        events only the copy that Mixpanel processed last is yielded. A line that is unreadable, and
        the same when fetched once more, is left out or repaired; ``rejected`` and ``repaired`` of
        the stream list such lines, and a RejectedLinesWarning at its end names them. Raise
        ConfigError for invalid days; while it is read, the stream raises the errors of
        ``fetch_events``.

        Args:
            from_date: First day, a date or ``YYYY-MM-DD``, in the days of the export: UTC, or the
                project's zone for projects created before 2023.
            to_date: Last day, included.
            events: Names of the events. None: all.
            where: An expression of Mixpanel's segmentation language that the events must match.
        """
        window, only = parse_window(from_date, to_date), event_filter(events, where)
        found = Findings()
        return RecordStream(found, self._events(window, only, found))

    def stream_profiles(
        self,
        *,
        where: str | None = None,
        output_properties: Sequence[str] | None = None,
        cohort_id: int | None = None,
    ) -> RecordStream:
        """Yield every user profile, or those of the cohort, for which ``where`` is true.

        Each is yielded once, as Mixpanel returns it. Unreadable profiles are treated as in
        ``stream_events``.

        Args:
            where: An expression that the profiles must match.
            output_properties: Names of the properties to send. None: all.
            cohort_id: The id of a saved cohort. None: all users.

        Raises:
            APIError: if Mixpanel rejects the request, by its subclasses; while the stream is read.
            IncompleteExportError: if not all profiles were received.
        """
        found = Findings()
        return RecordStream(found, self._profiles(where, output_properties, cohort_id, found))

    def _events(self, window: Window, only: EventFilter, found: Findings) -> Generator[Record]:
        progress = EventStreamProgress(window, found)
        with (
            progress.errors(),
            temporary_landing(None) as folder,
            tempfile.TemporaryDirectory(prefix="mixpanel-data-") as place,
            StorageEngine(Path(place) / "rows.duckdb", zone=self._zone) as storage,
        ):
            landings = EventLandings(self._client, folder, self._zone, only)
            for landed in landings.windows(window):

                def load(files: list[Landed]) -> int:
                    return storage.create_events_table("rows", files)

                rows, (file,) = load_readable(load, [landed], landings.fetch_readable)
                _add_findings(found, collect_findings([file], rows))
                yield from _read_events(storage, file, found)
                storage.drop("rows")
                file.discard()
                progress.complete_to = file.window.last

    def _profiles(
        self,
        where: str | None,
        output_properties: Sequence[str] | None,
        cohort_id: int | None,
        found: Findings,
    ) -> Generator[Record]:
        with temporary_landing(None) as folder:
            landings = ProfileLandings.of(self._client, folder, where, output_properties, cohort_id)
            with incomplete_remedy(NOTHING_YIELDED), StorageEngine.memory() as storage:

                def load(files: list[Landed]) -> int:
                    return storage.create_profiles_table("rows", files)

                rows, (file,) = load_readable(load, [landings.fetch()], landings.fetch_readable)
            _add_findings(found, collect_findings([file], rows))
            newest = _newest_lines(file.path) if file.lines > rows else None
            for number, line in numbered_lines(file.path):
                raw = profile_json(line)
                if newest is not None and newest[read_distinct_id(raw)] != number:
                    continue
                record = parse_record(raw)
                if record is None:
                    found.rejected.append(_too_deep(None, number, raw))
                else:
                    yield record


def _add_findings(found: Findings, more: Findings) -> None:
    found.rejected += more.rejected
    found.repaired += more.repaired
    found.duplicates += more.duplicates


def _read_events(storage: StorageEngine, file: Landed, found: Findings) -> Generator[Record]:
    """Yield the events of the table ``rows``, loaded from ``file``, as Mixpanel exports them."""
    cursor = storage.execute("SELECT event, properties::VARCHAR FROM rows")
    missed = 0
    while rows := cursor.fetchmany(_ROWS):
        for event, text in rows:
            properties = parse_record(text)
            if properties is None:
                missed += 1
            else:
                yield {"event": event, "properties": properties}
    cursor.close()
    if missed:
        found.rejected += [
            _too_deep(file.window, number, line)
            for number, line in numbered_lines(file.path)
            if parse_record(line) is None
        ]


def _too_deep(window: Window | None, number: int, line: bytes) -> RejectedLine:
    first, last = (str(window.first), str(window.last)) if window else (None, None)
    return RejectedLine(first, last, number, TOO_DEEP, line.decode("utf-8", "backslashreplace"))


def _newest_lines(path: Path) -> dict[str | None, int]:
    """Return the line that counts for each profile.

    A profile that changed while the pages were read is on two of them.
    """
    return {read_distinct_id(profile_json(line)): number for number, line in numbered_lines(path)}
