"""The dlt source of a Mixpanel project: ``events``, ``profiles``, ``group_profiles`` and the ledger
``_metadata``."""

from collections.abc import Iterator, Sequence
from typing import Any

import dlt
from dlt.extract import DltResource

from mixpanel_data._internal.extract.extraction import fetch_due_files
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data.sources import schema
from mixpanel_data.sources.manifest import pack

__all__ = ["mixpanel_source"]


@dlt.source(name="mixpanel", section="mixpanel", max_table_nesting=0)
def mixpanel_source(
    landed: Any = None,
    project: Any = None,
    start_date: str | None = None,
    end_date: str | None = None,
) -> Sequence[DltResource]:
    """One Mixpanel project, raw. A day that is read again replaces what was there: late events
    come, deleted ones go.

    Called without arguments it does what ``mp sync`` does up to the load: credentials and settings
    from the usual places, the days that are missing plus the look-back, landed and verified.
    ``start_date`` and ``end_date`` (``YYYY-MM-DD``, both included, in the days the project exports)
    ask for those days instead.

    Load it with the destination
    :class:`~mixpanel_data.destinations.mixpanel_duckdb.mixpanel_duckdb`: DuckDB reads the landed
    files itself, and ledger and rows are one transaction. A window that did not arrive whole is
    left out, logged as an error and absent from ``_metadata``; the next run asks for it again.

    Args:
        landed: verified files, from somebody who has landed them already.
        project: whose they are; goes with ``landed``.
    """

    @dlt.resource(name="landed", selected=False)
    def landed_files() -> Iterator[list[Landed]]:
        whose, files = (
            (project, list(landed)) if landed is not None else fetch_due_files(start_date, end_date)
        )
        pack(whose, files)
        yield from ([file] for file in files)

    @dlt.transformer(data_from=landed_files, name=schema.EVENTS, columns=schema.EVENT_COLUMNS)
    def events(files: list[Landed]) -> Iterator[Any]:
        """What Mixpanel served, not deduplicated; whole days."""
        yield from _imports(files, schema.EVENTS)

    @dlt.transformer(data_from=landed_files, name=schema.PROFILES, columns=schema.PROFILE_COLUMNS)
    def profiles(files: list[Landed]) -> Iterator[Any]:
        """The current user profiles, one row each."""
        yield from _imports(files, schema.PROFILES)

    @dlt.transformer(
        data_from=landed_files, name=schema.GROUP_PROFILES, columns=schema.GROUP_PROFILE_COLUMNS
    )
    def group_profiles(files: list[Landed]) -> Iterator[Any]:
        """The current profiles of the configured groups, one row each."""
        yield from _imports(files, schema.GROUP_PROFILES)

    @dlt.transformer(
        data_from=landed_files,
        name=schema.LEDGER,
        columns=schema.LEDGER_COLUMNS,
        write_disposition="append",
    )
    def metadata(files: list[Landed]) -> Iterator[dict[str, Any]]:
        """One row a day, or a read of profiles: what is known of it before the load counts its
        rows."""
        for file in files:
            yield from _ledger_rows(file)

    for resource in (events, profiles, group_profiles):
        resource.apply_hints(additional_table_hints={schema.RAW_HINT: True})
    metadata.apply_hints(additional_table_hints={schema.LEDGER_HINT: True})
    return landed_files, events, profiles, group_profiles, metadata


def _imports(files: list[Landed], kind: str) -> Iterator[Any]:
    # Yielded, not returned: what a transformer returns with no data of its own is dropped without a
    # word.
    for file in files:
        if file.kind == kind:
            yield dlt.mark.with_file_import(str(file.path), "jsonl", items_count=file.lines)


def _ledger_rows(landed: Landed) -> Iterator[dict[str, Any]]:
    """A row for each day of an events file, one for a file of profiles: the load fills in what only
    it can count."""
    common = {
        "table_name": landed.kind,
        "fetch_type": landed.kind,
        "filter_hash": landed.filter_hash,
        "fetched_at": landed.fetched_at.replace(tzinfo=None),
        "snapshot_complete": landed.snapshot_complete,
    }
    for day in landed.window.days():
        yield {**common, "window_start": day, "window_end": day}
