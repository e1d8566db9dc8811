"""Records for whoever reads them one by one, from files that were verified before the first is
handed out."""

import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.landing.invalid_lines import numbered_lines
from mixpanel_data._internal.landing.profile_lines import profile_json, read_distinct_id
from mixpanel_data._internal.services.fetcher import findings_of, loaded
from mixpanel_data._internal.services.fetching.arguments import event_filter, window_of
from mixpanel_data._internal.services.fetching.landing import (
    EventLandings,
    ProfileLandings,
    temporary_landing,
)
from mixpanel_data._internal.services.fetching.record_stream import Findings, RecordStream
from mixpanel_data._internal.services.fetching.records import NESTED, Record, parsed
from mixpanel_data._internal.services.query_api.arguments import Day
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.types import RejectedLine

_ROWS = 1_000
"""Records that are held at once."""


class StreamerService:
    """Hands on what Mixpanel sends. An iterator that ends has given everything; one that can't
    raises.

    What is handed on is what a fetch would store: by the same rules for copies and for lines that
    can't be read. Errors as of FetcherService; IncompleteExportError also in the middle, when later
    days do not come whole.
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
        """Every event of the days, both included, as Mixpanel exports it; ``time`` is in
        milliseconds.

        Older days come first, in no order within a request. An event that comes more than once is
        handed on once: the copy that Mixpanel processed last. A line that can't be read, and comes
        the same when it is asked for once more, is left out, or repaired; ``rejected`` and
        ``repaired`` of the stream have such lines, and a RejectedLinesWarning at its end names
        them. Raises ConfigError for days that can't be; the errors of ``fetch_events`` while it is
        read.
        """
        window, only = window_of(from_date, to_date), event_filter(events, where)
        found = Findings()
        return RecordStream(found, self._events(window, only, found))

    def stream_profiles(
        self,
        *,
        where: str | None = None,
        output_properties: Sequence[str] | None = None,
        cohort_id: int | None = None,
    ) -> RecordStream:
        """Every user profile, or those of the cohort, for which ``where`` is true, as Mixpanel has
        it; each once.

        Profiles that can't be read are treated as in ``stream_events``.
        """
        found = Findings()
        return RecordStream(found, self._profiles(where, output_properties, cohort_id, found))

    def _events(self, window: Window, only: EventFilter, found: Findings) -> Generator[Record]:
        with (
            temporary_landing(None) as folder,
            tempfile.TemporaryDirectory(prefix="mixpanel-data-") as place,
            StorageEngine(Path(place) / "rows.duckdb", zone=self._zone) as storage,
        ):
            landings = EventLandings(self._client, folder, self._zone, only)
            for landed in landings.windows(window):

                def load(files: list[Landed]) -> int:
                    return storage.create_events_table("rows", files)

                rows, (file,) = loaded(load, [landed], landings.readable)
                _add(found, findings_of([file], rows))
                yield from _rows(storage, file, found)
                storage.drop("rows")
                file.discard()

    def _profiles(
        self,
        where: str | None,
        output_properties: Sequence[str] | None,
        cohort_id: int | None,
        found: Findings,
    ) -> Generator[Record]:
        with temporary_landing(None) as folder:
            landings = ProfileLandings.of(self._client, folder, where, output_properties, cohort_id)
            with StorageEngine.memory() as storage:

                def load(files: list[Landed]) -> int:
                    return storage.create_profiles_table("rows", files)

                rows, (file,) = loaded(load, [landings.whole()], landings.readable)
            _add(found, findings_of([file], rows))
            newest = _newest(file.path) if file.lines > rows else None
            for number, line in numbered_lines(file.path):
                raw = profile_json(line)
                if newest is not None and newest[read_distinct_id(raw)] != number:
                    continue
                record = parsed(raw)
                if record is None:
                    found.rejected.append(_too_deep(None, number, raw))
                else:
                    yield record


def _add(found: Findings, more: Findings) -> None:
    found.rejected += more.rejected
    found.repaired += more.repaired
    found.duplicates += more.duplicates


def _rows(storage: StorageEngine, file: Landed, found: Findings) -> Generator[Record]:
    """The events of the table ``rows``, which are those of ``file``, in the form in which Mixpanel
    exports them."""
    cursor = storage.execute("SELECT event, properties::VARCHAR FROM rows")
    missed = 0
    while rows := cursor.fetchmany(_ROWS):
        for event, text in rows:
            properties = parsed(text)
            if properties is None:
                missed += 1
            else:
                yield {"event": event, "properties": properties}
    cursor.close()
    if missed:
        found.rejected += [
            _too_deep(file.window, number, line)
            for number, line in numbered_lines(file.path)
            if parsed(line) is None
        ]


def _too_deep(window: Window | None, number: int, line: bytes) -> RejectedLine:
    first, last = (str(window.first), str(window.last)) if window else (None, None)
    return RejectedLine(first, last, number, NESTED, line.decode("utf-8", "backslashreplace"))


def _newest(path: Path) -> dict[str | None, int]:
    """The line that counts for each profile: one that changed while the pages were read is on two
    of them."""
    return {read_distinct_id(profile_json(line)): number for number, line in numbered_lines(path)}
