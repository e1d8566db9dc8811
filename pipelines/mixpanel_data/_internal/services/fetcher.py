"""Fetches into a table: all of the requested data, or an error and nothing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.database.unreadable_lines import MALFORMED
from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.services.fetching.arguments import event_filter, parse_window
from mixpanel_data._internal.services.fetching.landing import (
    EventLandings,
    ProfileLandings,
    temporary_landing,
)
from mixpanel_data._internal.services.fetching.record_stream import Findings
from mixpanel_data._internal.services.fetching.remedies import NOTHING_STORED, incomplete_remedy
from mixpanel_data._internal.services.query_api.arguments import Day
from mixpanel_data._internal.sql.events import window_bounds
from mixpanel_data._internal.sql_literals import identifier, literal, timestamp
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import IncompleteExportError
from mixpanel_data.types import FetchResult, RejectedLine, TableMetadata
from mixpanel_data.types._fetched import StoredRows

OnRows = Callable[[int], None]
"""Called from time to time with the number of rows received so far."""


class FetcherService:
    """Fetches from ``client`` into ``storage``. ``zone`` is that of the export's days and the
    storage.

    Both methods raise, before any request, TableExistsError, TableNotFoundError with ``append``,
    and ConfigError for invalid arguments; then IncompleteExportError if a response is incomplete,
    with nothing stored; and AuthenticationError, RateLimitError, QueryError, ServerError or
    APIError for Mixpanel's response.
    """

    def __init__(
        self, client: MixpanelAPIClient, storage: StorageEngine, *, zone: Zone | None = None
    ) -> None:
        self._client = client
        self._storage = storage
        self._zone = zone or Zone()

    def fetch_events(
        self,
        name: str,
        from_date: Day,
        to_date: Day,
        *,
        events: Sequence[str] | None = None,
        where: str | None = None,
        append: bool = False,
        progress: OnRows | None = None,
    ) -> FetchResult:
        """Fetch the events of ``from_date`` to ``to_date``, both included, into the table ``name``.

        Days are UTC (those of the project's zone for projects created before 2023). ``events`` are
        names, ``where`` is an expression of Mixpanel's segmentation language. With ``append`` the
        rows are added to an existing table; of duplicate events, by Mixpanel's own rule, the copy
        that Mixpanel processed last remains. ``df`` of the result reads the table's rows of these
        days. An unreadable line is refetched once; if it is unchanged, it is left out,
        stored in the table ``_rejected``, and listed in ``rejected`` of the result and in a
        RejectedLinesWarning.
        """
        window, only = parse_window(from_date, to_date), event_filter(events, where)
        # Before any request, since an error about the table must not cost any of the budget.
        self._storage.require_storable(name, append=append, kind="events")
        started, metadata = time.monotonic(), _metadata("events", window, only.events, only.where)
        with (
            incomplete_remedy(NOTHING_STORED),
            temporary_landing(self._storage.path) as folder,
        ):
            landings = EventLandings(self._client, folder, self._zone, only)
            files: list[Landed] = []
            for landed in landings.windows(window):
                files.append(landed)
                _report_progress(progress, files)

            def load(landed: list[Landed]) -> int:
                return self._storage.create_events_table(name, landed, metadata, append=append)

            rows, files = load_readable(load, files, landings.fetch_readable)
        # Read from the table, not from the files: with `append` an existing copy may have won.
        read = self._read(name, window, only.events)
        return self._result(name, rows, files, metadata, started, read)

    def fetch_profiles(
        self,
        name: str,
        *,
        where: str | None = None,
        output_properties: Sequence[str] | None = None,
        cohort_id: int | None = None,
        append: bool = False,
        progress: OnRows | None = None,
    ) -> FetchResult:
        """Fetch user profiles into the table ``name``: all that Mixpanel counts.

        ``where`` is an expression, such as ``properties["$last_seen"] >= "2026-01-01"``;
        ``output_properties`` lists the properties to fetch, None means all; ``cohort_id`` restricts
        to the users of a saved cohort. With ``append``, existing profiles of the same ids are
        replaced.
        """
        self._storage.require_storable(name, append=append, kind="profiles")
        # The length of a fetch is by the monotonic clock, which no correction of the time moves.
        started, metadata = time.monotonic(), _metadata("profiles", None, (), where)
        if cohort_id is not None:
            metadata = replace(metadata, filter_cohorts=[cohort_id])
        with (
            incomplete_remedy(NOTHING_STORED),
            temporary_landing(self._storage.path) as folder,
        ):
            landings = ProfileLandings.of(
                self._client, folder, where, output_properties, cohort_id, on_rows=progress
            )
            files = [landings.fetch()]

            def load(landed: list[Landed]) -> int:
                return self._storage.create_profiles_table(name, landed, metadata, append=append)

            rows, files = load_readable(load, files, landings.fetch_readable)
        read = self._read(name, None, ())
        return self._result(name, rows, files, metadata, started, read)

    def _read(self, name: str, window: Window | None, events: Sequence[str]) -> StoredRows:
        conditions = ["true"]
        if window:
            start, end = window_bounds(window, self._zone)
            conditions.append(f"time >= {timestamp(start)} AND time < {timestamp(end)}")
        if events:
            conditions.append(f"event IN ({', '.join(map(literal, events))})")
        query = f"SELECT * FROM {identifier(name)} WHERE {' AND '.join(conditions)}"
        storage = self._storage
        return StoredRows(
            df=partial(storage.execute_df, query),
            arrow=partial(storage.execute_arrow, query),
            pl=partial(storage.execute_pl, query),
        )

    def _result(
        self,
        name: str,
        rows: int,
        files: Sequence[Landed],
        metadata: TableMetadata,
        started: float,
        read: StoredRows,
    ) -> FetchResult:
        days = (metadata.from_date, metadata.to_date)
        found = collect_findings(files, rows)
        found.warn("The table _rejected keeps them", stacklevel=4)
        return FetchResult(
            table=name,
            rows=rows,
            type=metadata.type,
            duration_seconds=time.monotonic() - started,
            date_range=(days[0], days[1]) if days[0] and days[1] else None,
            fetched_at=metadata.fetched_at,
            _duplicates=found.duplicates,
            _rejected=found.rejected,
            _repaired=found.repaired,
            _data=read,
        )


def _metadata(
    kind: str, window: Window | None, events: Sequence[str], where: str | None
) -> TableMetadata:
    return TableMetadata(
        type="events" if kind == "events" else "profiles",
        fetched_at=datetime.now(UTC),
        from_date=window.first.isoformat() if window else None,
        to_date=window.last.isoformat() if window else None,
        filter_events=list(events) or None,
        filter_where=where,
    )


def _report_progress(progress: OnRows | None, files: Sequence[Landed]) -> None:
    if progress:
        progress(sum(file.lines for file in files))


def load_readable(
    load: Callable[[list[Landed]], int],
    files: list[Landed],
    fetch_readable: Callable[[Landed], Landed],
) -> tuple[int, list[Landed]]:
    """Load the files; return the number of rows, and the files.

    Files with unreadable lines are refetched: a line that is the same twice is what Mixpanel
    stores.
    """
    try:
        return load(files), files
    except IncompleteExportError as error:
        if error.reason != MALFORMED:
            raise
    # All files, since the load was one transaction: none of them was stored.
    files = [fetch_readable(file) for file in files]
    return load(files), files


def collect_findings(files: Sequence[Landed], rows: int) -> Findings:
    """Return the rejected, repaired and duplicate lines of ``files``, of which ``rows`` were
    loaded."""
    lines = [
        (_rejected_line(file, reject), reject.is_loaded)
        for file in files
        for reject in file.rejects
    ]
    return Findings(
        rejected=[line for line, is_loaded in lines if not is_loaded],
        repaired=[line for line, is_loaded in lines if is_loaded],
        duplicates=sum(file.lines for file in files) - rows,
    )


def _rejected_line(file: Landed, reject: Reject) -> RejectedLine:
    days = (file.window.first, file.window.last) if file.kind == "events" else (None, None)
    first, last = (day.isoformat() if day else None for day in days)
    return RejectedLine(first, last, reject.line_number, reject.reason, reject.raw)
