"""What a verified file becomes in a load package: an imported file, or Arrow, with its ledger."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any, Literal

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.common.storages.load_package import load_package_state
from dlt.extract.items import DataItemWithMeta

from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.ledger.reader import EMPTY, Ledger
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.streams.profile_sets import ProfileSet
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sources import schema
from mixpanel_data.sources.arrow import arrow_table, require_pyarrow
from mixpanel_data.sources.converted import converted_events, converted_profiles
from mixpanel_data.sources.destination_state import DestinationState, previous_counts
from mixpanel_data.sources.destination_tables import tables_of
from mixpanel_data.sources.files import pending_ledger_rows
from mixpanel_data.sources.ledger_rows import Row, day_rows, naive_utc, read_row
from mixpanel_data.sources.manifest import add_to_manifest

Kind = Literal["imports", "merges", "appends"]

MERGE_DAYS: Any = {
    "disposition": "merge",
    "strategy": "delete-insert",
    # A constant text: one with the days of the load would change dlt's schema with each load.
    "destination_scope": "day IN (SELECT day FROM {staging_table})",
}
MERGE_PROFILES: Any = {"disposition": "merge", "strategy": "delete-insert"}

_PRIMARY_KEYS = {
    # dlt leaves one row a key, so a job that was repeated after a kill doubles nothing.
    schema.EVENTS: ["day", "row_number"],
    schema.PROFILES: ["distinct_id"],
    schema.GROUP_PROFILES: ["group_key", "distinct_id"],
}

_COLUMNS = {
    schema.EVENTS: schema.STOCK_EVENT_COLUMNS,
    schema.PROFILES: schema.STOCK_PROFILE_COLUMNS,
    schema.GROUP_PROFILES: schema.STOCK_GROUP_PROFILE_COLUMNS,
    schema.LEDGER: schema.LEDGER_COLUMNS,
    schema.REJECTED: schema.REJECTED_COLUMNS,
}

_NULS_KEPT = ("duckdb", "motherduck", "ducklake", "filesystem")


class Unreadable(Exception):  # noqa: N818  (not an error for users)
    """DuckDB can't read every line of a file."""


class Target:
    """The pipeline that extracts the source now, and how its destination gets the rows."""

    def __init__(
        self, pipeline: dlt.Pipeline | None, load_id: str, sets: Sequence[ProfileSet]
    ) -> None:
        self._pipeline = pipeline
        self.load_id = load_id
        self.kind: Kind = _kind(pipeline) if pipeline else "appends"
        self._declared: set[str] = set()
        if pipeline:
            _require_own_folder(pipeline, self.kind)
        self.state: DestinationState | None = None
        if pipeline:
            self.state = DestinationState(
                tables_of(pipeline),
                name=f"The dataset {pipeline.dataset_name} in {pipeline.destination.destination_name}",
                replaces=self.kind != "appends",
                counts_days=self.kind == "merges",
                sets=sets,
            )

    def landing(self) -> Path | None:
        """The folder for verified files; None outside of a pipeline."""
        return Path(self._pipeline.working_dir) / "mixpanel_landing" if self._pipeline else None

    def read_ledger(self) -> Ledger:
        """Return the ledger of the destination; an empty one outside of a pipeline."""
        return self.state.read_ledger() if self.state else EMPTY

    def require_pyarrow(self) -> None:
        """Raise ConfigError if the destination gets Arrow, and pyarrow is not installed."""
        if self.kind != "imports":
            require_pyarrow()

    def first_items(self, kind: str) -> Iterator[Any]:
        """Yield what makes the tables of an empty destination exist, without a row."""
        if self.kind != "imports":
            for table in (kind, schema.LEDGER):
                yield self._arrow(table, arrow_table(self._columns(table), []))

    def items(self, file: Landed, project: Project, ledger: Ledger) -> Iterator[Any]:
        """Yield the items of a file, and those of its ledger rows last.

        Raises:
            Unreadable: before the first item, if DuckDB can't read every line.
        """
        if self.kind == "imports":
            yield from self._imported(file, project)
        elif file.kind == schema.EVENTS:
            yield from self._events(file, project, ledger)
        else:
            yield from self._profiles(file, project, ledger)

    def _imported(self, file: Landed, project: Project) -> Iterator[Any]:
        add_to_manifest(project, [file])
        # First, since hints of a second table begin with those of the resource.
        rows = list(pending_ledger_rows(file))
        yield self._hinted(schema.LEDGER, rows, additional_table_hints={schema.LEDGER_HINT: True})
        hints = dlt.mark.make_hints(
            columns=schema.RAW_TABLES[file.kind],
            write_disposition="append",
            additional_table_hints={schema.RAW_HINT: True},
        )
        yield dlt.mark.with_file_import(
            str(file.path), "jsonl", items_count=file.lines, hints=hints
        )

    def _events(self, file: Landed, project: Project, ledger: Ledger) -> Iterator[Any]:
        with converted_events(file, Zone(project.zone)) as found:
            if found is None:
                raise Unreadable
            for batch in found.batches(
                self._columns(file.kind), self.load_id, keeps_nul=self._keeps_nul
            ):
                yield self._arrow(schema.EVENTS, batch)
            repaired = [] if self._keeps_nul else found.with_nul()
            counts = found.counts
        if self.kind == "merges" and (empty := [d for d in file.window.days() if d not in counts]):
            markers = [
                {
                    "event": "",
                    "time": datetime.combine(day, time()),
                    "day": day,
                    "row_number": -1,
                    "load_id": self.load_id,
                    "is_deleted": True,
                }
                for day in empty
            ]
            yield self._arrow(schema.EVENTS, arrow_table(self._columns(schema.EVENTS), markers))
        rows = day_rows(file, project, counts, previous_counts(ledger), self.load_id)
        yield from self._ledger(file, rows, repaired)

    def _profiles(self, file: Landed, project: Project, ledger: Ledger) -> Iterator[Any]:
        of = ProfileSet(file.group_key, "" if file.group_key else None)
        with converted_profiles(file) as found:
            if found is None:
                raise Unreadable
            number = self.state.next_load_number if self.state else 1
            for batch in found.batches(
                self._columns(file.kind), self.load_id, number, keeps_nul=self._keeps_nul
            ):
                yield self._arrow(file.kind, batch)
            repaired = [] if self._keeps_nul else found.with_nul()
            gone: list[str] = []
            if self.kind == "merges" and self.state and file.snapshot_complete:
                gone = found.deleted(self.state.stored_profiles(of))
        if gone:
            shared = {
                "group_key": file.group_key,
                "fetched_at": naive_utc(file.fetched_at),
                "load_number": number,
                "load_id": self.load_id,
                "is_deleted": True,
            }
            rows = [{**shared, "distinct_id": name} for name in gone]
            yield self._arrow(file.kind, arrow_table(self._columns(file.kind), rows))
        row = read_row(
            file,
            project,
            self.load_id,
            profiles=found.rows,
            before=ledger.profile_counts.get(file.group_key),
            newest_seen=found.newest_seen,
        )
        yield from self._ledger(file, [row], repaired)

    def _ledger(self, file: Landed, rows: list[Row], repaired: list[Reject]) -> Iterator[Any]:
        rejects = [*file.rejects, *repaired]
        if rejects:
            yield self._arrow(
                schema.REJECTED,
                arrow_table(schema.REJECTED_COLUMNS, _rejected_rows(file, rejects, self.load_id)),
            )
        number = self.state.next_load_number if self.state else 1
        rows = [{**row, "load_number": number} for row in rows]
        yield self._arrow(schema.LEDGER, arrow_table(schema.LEDGER_COLUMNS, rows))

    @property
    def _keeps_nul(self) -> bool:
        if self._pipeline is None:
            return True
        return str(self._pipeline.destination.destination_type).endswith(_NULS_KEPT)

    def _columns(self, table: str) -> dict[str, Any]:
        columns = dict(_COLUMNS[table])
        if self.kind != "merges":
            columns.pop("is_deleted", None)
        return columns

    def _arrow(self, table: str, rows: Any) -> DataItemWithMeta:
        merge: dict[str, Any] = {}
        if self.kind == "merges" and table in _PRIMARY_KEYS:
            merge = {
                "write_disposition": MERGE_DAYS if table == schema.EVENTS else MERGE_PROFILES,
                "primary_key": _PRIMARY_KEYS[table],
            }
        return self._hinted(table, rows, **merge)

    def _hinted(self, table: str, items: Any, **hints: Any) -> DataItemWithMeta:
        """Return items for a table; the first ones declare it."""
        if table in self._declared:
            return dlt.mark.with_table_name(items, table)
        self._declared.add(table)
        declared = dlt.mark.make_hints(
            table_name=table,
            columns=self._columns(table),
            **{"write_disposition": "append", **hints},
        )
        return dlt.mark.with_hints(items, declared, create_table_variant=True)


def current_target(sets: Sequence[ProfileSet]) -> Target:
    """Return the target of the extraction that runs now.

    Outside of one, as in ``list(mixpanel_source())``, there is no destination, and so no state.

    Raises:
        ConfigError: if the pipeline has no destination.
    """
    try:
        load_id = str(load_package_state()["load_id"])
    except CurrentLoadPackageStateNotAvailable:
        return Target(None, "", sets)
    context = Container()[PipelineContext]
    pipeline: Any = context.pipeline() if context.is_active() else None
    if pipeline is None or pipeline.destination is None:
        raise ConfigError(
            "The pipeline has no destination, and the source plans its requests from the "
            "destination's _metadata: dlt.pipeline(…, destination=…)."
        )
    return Target(pipeline, load_id, sets)


def _kind(pipeline: dlt.Pipeline) -> Kind:
    if getattr(pipeline.destination, "imports_landed_files", False):
        return "imports"
    capabilities = pipeline.destination.capabilities()
    merges = "delete-insert" in (capabilities.supported_merge_strategies or ())
    return "merges" if merges else "appends"


def _require_own_folder(pipeline: dlt.Pipeline, kind: Kind) -> None:
    """Raise ConfigError if the working folder has the schema of the other kind of destination."""
    if "mixpanel" not in pipeline.schema_names:
        return
    known = pipeline.schemas["mixpanel"].tables.get(schema.EVENTS)
    if known and known.get("columns") and (schema.RAW_HINT in known) != (kind == "imports"):
        raise ConfigError(
            f"The working folder {pipeline.working_dir} is that of a pipeline {pipeline.pipeline_name} "
            "with another destination. Give this one a pipeline_name of its own, or call "
            "pipeline.drop() before the run: the state is in the destination."
        )


def _rejected_rows(file: Landed, rejects: Sequence[Reject], load_id: str) -> list[Row]:
    window: Window = file.window
    return [
        {
            "table_name": file.kind,
            "window_start": window.first,
            "window_end": window.last,
            "line_number": item.line_number,
            "raw": item.raw,
            "reason": item.reason,
            "load_id": load_id,
            "rejected_at": naive_utc(file.fetched_at),
        }
        for item in rejects
    ]
