"""The source over files that the caller has fetched and verified: what ``mp sync`` loads."""

from collections.abc import Iterator, Sequence
from typing import Any

import dlt
from dlt.extract import DltResource

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data.sources import schema
from mixpanel_data.sources.manifest import add_to_manifest


@dlt.source(name="mixpanel", section="mixpanel", max_table_nesting=0)
def landed_source(landed: Any, project: Any) -> Sequence[DltResource]:
    """Load verified files into the DuckDB destination of this package.

    Args:
        landed: the files, :class:`Landed`.
        project: their :class:`Project`.
    """

    @dlt.resource(name="landed", selected=False)
    def landed_files() -> Iterator[list[Landed]]:
        add_to_manifest(project, landed)
        yield from ([file] for file in landed)

    @dlt.transformer(data_from=landed_files, name=schema.EVENTS, columns=schema.EVENT_COLUMNS)
    def events(files: list[Landed]) -> Iterator[Any]:
        """Events as exported by Mixpanel, with duplicates; whole days."""
        yield from _import_files(files, schema.EVENTS)

    @dlt.transformer(data_from=landed_files, name=schema.PROFILES, columns=schema.PROFILE_COLUMNS)
    def profiles(files: list[Landed]) -> Iterator[Any]:
        """The current user profiles, one row each."""
        yield from _import_files(files, schema.PROFILES)

    @dlt.transformer(
        data_from=landed_files, name=schema.GROUP_PROFILES, columns=schema.GROUP_PROFILE_COLUMNS
    )
    def group_profiles(files: list[Landed]) -> Iterator[Any]:
        """The current profiles of the configured groups, one row each."""
        yield from _import_files(files, schema.GROUP_PROFILES)

    @dlt.transformer(
        data_from=landed_files,
        name=schema.LEDGER,
        columns=schema.LEDGER_COLUMNS,
        write_disposition="append",
    )
    def metadata(files: list[Landed]) -> Iterator[dict[str, Any]]:
        """One row a day, or a read of profiles, without the values that the load counts.

        The load job writes the rows of the ledger; these rows only make dlt schedule it.
        """
        for file in files:
            yield from pending_ledger_rows(file)

    for resource in (events, profiles, group_profiles):
        resource.apply_hints(additional_table_hints={schema.RAW_HINT: True})
    metadata.apply_hints(additional_table_hints={schema.LEDGER_HINT: True})
    return landed_files, events, profiles, group_profiles, metadata


def _import_files(files: list[Landed], kind: str) -> Iterator[Any]:
    # Yielded, not returned: dlt silently drops what a transformer without data of its own returns.
    for file in files:
        if file.kind == kind:
            yield dlt.mark.with_file_import(str(file.path), "jsonl", items_count=file.lines)


def pending_ledger_rows(landed: Landed) -> Iterator[dict[str, Any]]:
    """Yield a row for each day of an events file, or one for a file of profiles."""
    common = {
        "table_name": landed.kind,
        "fetch_type": landed.kind,
        "filter_hash": landed.filter_hash,
        "fetched_at": landed.fetched_at.replace(tzinfo=None),
        "snapshot_complete": landed.snapshot_complete,
    }
    for day in landed.window.days():
        yield {**common, "window_start": day, "window_end": day}
