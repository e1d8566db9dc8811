"""Copies the publication to Parquet files and a manifest, which is written last.

Readers begin with the manifest and read the files that it names. Files never change; only those of
days with other rows are written, and files that the manifest has no more stay for a while.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import duckdb

from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.table_names import is_same
from mixpanel_data._internal.publication.parquet_export import file_name
from mixpanel_data._internal.publication.parquet_tables import ROW_GROUP, select_sql
from mixpanel_data._internal.publish_targets.configuration import ParquetTarget
from mixpanel_data._internal.publish_targets.errors import failed
from mixpanel_data._internal.publish_targets.outcome import TargetCopy
from mixpanel_data._internal.publish_targets.parquet_manifest import (
    FILE_NAME,
    Manifest,
    ManifestColumn,
    ManifestFile,
    ManifestTable,
    parse_manifest,
)
from mixpanel_data._internal.publish_targets.parquet_stores import (
    FILES,
    Store,
    changed_meanwhile,
    digest_of,
    open_store,
)
from mixpanel_data._internal.publish_targets.publication import (
    Publication,
    Table,
    newest_publication,
    open_publication,
)
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data.exceptions import ConfigError

OnTable = Callable[[str], None]

_DAYS_AT_ONCE = 64
"""Days that are written in one pass over a table; DuckDB keeps a file open for each."""

_PARTITION = "__mp_day"
_NO_DAY = "__HIVE_DEFAULT_PARTITION__"
_OPTIONS = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '{ROW_GROUP}'"


@dataclass(frozen=True)
class _Sum:
    rows: int
    hash: int


@dataclass
class _Written:
    """The tables of the new manifest, and what was written for them."""

    tables: dict[str, ManifestTable] = field(default_factory=dict)
    rows: int = 0
    files: int = 0


def copy_to_parquet(
    target: ParquetTarget, settings: Settings, on_table: OnTable, *, only_if_new: bool
) -> TargetCopy:
    """Copy the publication to the store of the target, and verify each file that is written.

    Raises:
        ConfigError: if a library is missing, or a setting does not fit the publication.
        DatabaseLockedError: if another copy to this store runs, or ended during this one.
        PublishTargetError: if the store fails, or a file differs from the publication. Readers
            have the former publication.
    """
    store = open_store(target)
    with store.open_work() as work:
        before = store.read(FILE_NAME)
        former = _former(target, before)
        if only_if_new and former and _is_current(target, settings, former):
            return _outcome(target, former, _Written(), is_new=False)
        present = store.files()
        with open_publication(settings, target, output=work) as publication:
            _require_days(target, publication.tables)
            written = _Written()
            for table in publication.tables:
                on_table(table.name)
                writer = _TableWriter(target, publication.db, store, work, table)
                kept = _kept_files(former, table, present)
                writer.write(kept, written)
            manifest = _manifest(publication, written)
        manifest = manifest.model_copy(
            update={"former_files": manifest.former_after(former, target.keep_for)}
        )
        if store.read(FILE_NAME) != before:
            raise changed_meanwhile(target)
        store.write(FILE_NAME, manifest.model_dump_json(indent=1).encode())
        _delete_old(target, store, manifest)
    return _outcome(target, manifest, written)


def _former(target: ParquetTarget, content: bytes | None) -> Manifest | None:
    if content is None:
        return None
    former = parse_manifest(content)
    if former is None:
        raise ConfigError(
            f"Publish target {target.name}: {target.path}/{FILE_NAME} is not a manifest of mp. "
            "Move it away, or choose another `path`.",
            details={"target": target.name},
        )
    return former


def _is_current(target: ParquetTarget, settings: Settings, former: Manifest) -> bool:
    if former.publication != newest_publication(settings):
        return False
    with open_publication(settings, target) as publication:
        return set(former.tables) == {table.name for table in publication.tables} and all(
            former.tables[table.name].day_column == _day_column(target, table)
            for table in publication.tables
        )


def _outcome(
    target: ParquetTarget, manifest: Manifest, written: _Written, *, is_new: bool = True
) -> TargetCopy:
    return TargetCopy(
        target=target.name,
        kind=target.kind,
        place=target.place,
        publication=manifest.publication,
        tables={name: table.rows for name, table in manifest.tables.items()},
        written_rows=written.rows,
        written_files=written.files,
        is_new=is_new,
    )


def _require_days(target: ParquetTarget, tables: Sequence[Table]) -> None:
    if "by_day" not in target.model_fields_set:
        return
    with_days = [table.name for table in tables if table.day_column]
    for name in target.by_day:
        if not any(is_same(name, table) for table in with_days):
            raise ConfigError(
                f"Publish target {target.name}: `by_day` names {name}, which is not among the "
                f"tables that are copied and have a date: {', '.join(with_days)}.",
                details={"target": target.name, "table": name},
            )


def _day_column(target: ParquetTarget, table: Table) -> str | None:
    by_day = any(is_same(table.name, name) for name in target.by_day)
    return table.day_column if by_day else None


def _manifest(publication: Publication, written: _Written) -> Manifest:
    return Manifest(
        publication=publication.id,
        built_at=publication.built_at.replace(tzinfo=UTC),
        published_at=datetime.now(UTC),
        duckdb=duckdb.__version__,
        tables=written.tables,
    )


def _kept_files(
    former: Manifest | None, table: Table, present: dict[str, tuple[int, datetime]]
) -> dict[str | None, list[ManifestFile]]:
    """Return the former files of a table by day, without days of which one is missing or cut."""
    known = former.tables.get(table.name) if former else None
    if known is None or former is None or former.duckdb != duckdb.__version__:
        return {}
    by_day: dict[str | None, list[ManifestFile]] = {}
    for file in known.files:
        by_day.setdefault(file.day, []).append(file)
    return {
        day: files
        for day, files in by_day.items()
        if all(present.get(file.path, (-1,))[0] == file.bytes for file in files)
    }


class _TableWriter:
    """Writes one table: all of it, or the days that changed."""

    def __init__(
        self, target: ParquetTarget, db: Connection, store: Store, work: Path, table: Table
    ) -> None:
        self._target, self._db, self._store, self._work = target, db, store, work
        self._table = table
        self._source = select_sql(db, table.name)
        described = db.execute(f"DESCRIBE {self._source}").fetchall()
        self._types = {str(name): str(kind) for name, kind, *_ in described}
        values = [f"CAST({identifier(n)} AS {kind})" for n, kind in self._types.items()]
        # The types and names are hashed, too, so that another one is another content.
        signature = literal(repr(self._types))
        self._row_hash = f"hash({signature}, {', '.join(values)})"
        self._day = _day_column(target, table)

    def write(self, kept: dict[str | None, list[ManifestFile]], written: _Written) -> None:
        """Write what changed, and add the table to ``written``."""
        sums = self._sums()
        files: list[ManifestFile] = []
        changed: list[str | None] = []
        for day, wanted in sums.items():
            former = kept.get(day, [])
            if former and _sum_of(former) == wanted and self._is_by_day(former, day):
                files += former
            else:
                changed.append(day)
        for days in _chunks(changed):
            for day, paths in self._write_files(days).items():
                made = [self._store_file(path, day) for path in paths]
                if _sum_of(made) != sums[day]:
                    raise self._differs(day)
                files += made
                written.rows += sum(file.rows for file in made)
                written.files += len(made)
        written.tables[self._table.name] = ManifestTable(
            rows=sum(found.rows for found in sums.values()),
            comment=self._table.comment,
            day_column=self._day,
            columns=[
                ManifestColumn(name=c.name, type=self._types[c.name], comment=c.comment)
                for c in self._table.columns
            ],
            files=sorted(files, key=lambda file: file.path),
        )

    def _is_by_day(self, files: Sequence[ManifestFile], day: str | None) -> bool:
        """Return True unless rows without a day are in a file of the whole table, or vice versa."""
        in_day = f"={file_name(day or _NO_DAY)}/" if self._day else None
        return all((in_day in file.path) if in_day else "=" not in file.path for file in files)

    def _sums(self) -> dict[str | None, _Sum]:
        """Return the number of rows and the sum of their hashes, by day."""
        day = f"{identifier(self._day)}::VARCHAR" if self._day else "NULL"
        rows = self._db.execute(
            f"SELECT {day}, count(*), sum({self._row_hash}::HUGEINT) "
            f"FROM ({self._source}) GROUP BY 1 ORDER BY 1"
        ).fetchall()
        return {found: _Sum(count, total) for found, count, total in rows} or {None: _Sum(0, 0)}

    def _write_files(self, days: Sequence[str | None]) -> dict[str | None, list[Path]]:
        """Write the rows of these days into the folder of new files, and return the files."""
        folder = self._work / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if self._day is None or days == [None]:
            path = folder / "all.parquet"
            column = identifier(self._day) if self._day else None
            where = f"WHERE {column} IS NULL" if column and self._sums_nulls() else ""
            self._db.execute(
                f"COPY (SELECT * FROM ({self._source}) {where}) TO {literal(path)} ({_OPTIONS})"
            )
            return {None: [path]}
        column = identifier(self._day)
        wanted = ", ".join(f"DATE {literal(day)}" for day in days if day is not None)
        self._db.execute(
            f"COPY (SELECT *, {column}::VARCHAR AS {_PARTITION} FROM ({self._source}) "
            f"WHERE {column} IN ({wanted})) "
            f"TO {literal(folder)} ({_OPTIONS}, PARTITION_BY ({_PARTITION}))"
        )
        found: dict[str | None, list[Path]] = {day: [] for day in days}
        for path in sorted(folder.rglob("*.parquet")):
            found[unquote(path.parent.name).removeprefix(f"{_PARTITION}=")].append(path)
        return found

    def _sums_nulls(self) -> bool:
        """Return True if the table has rows, so that only those without a day are meant."""
        row = self._db.execute(f"SELECT count(*) FROM {self._table.sql}").fetchone()
        return bool(row and row[0])

    def _store_file(self, file: Path, day: str | None) -> ManifestFile:
        """Read a new file back, and move it into the store."""
        rows, total = self._db.execute(
            f"SELECT count(*), coalesce(sum({self._row_hash}::HUGEINT), 0) "
            f"FROM read_parquet({literal(file)}, hive_partitioning = false)"
        ).fetchall()[0]
        with file.open("rb") as opened:
            digest = digest_of(opened)
        size = file.stat().st_size
        folder = f"{FILES}/{file_name(self._table.name)}"
        if self._day:
            folder += f"/{file_name(self._day)}={file_name(day or _NO_DAY)}"
        path = f"{folder}/{digest[:24]}.parquet"
        if self._store.put(file, path) != digest:
            raise self._differs(day)
        return ManifestFile(
            path=path, rows=rows, bytes=size, sha256=digest, day=day, row_hash=str(total)
        )

    def _differs(self, day: str | None) -> Exception:
        which = f" of {day}" if day else ""
        return failed(
            self._target,
            f"the file of table {self._table.name}{which} that was written differs from the "
            "publication",
            "Readers have the former publication. Check the disk or the bucket.",
        )


def _sum_of(files: Sequence[ManifestFile]) -> _Sum:
    return _Sum(sum(file.rows for file in files), sum(int(file.row_hash) for file in files))


def _chunks(days: Sequence[str | None]) -> Iterator[Sequence[str | None]]:
    if None in days:  # its rows need a query of their own
        yield [None]
    named = [day for day in days if day is not None]
    for start in range(0, len(named), _DAYS_AT_ONCE):
        yield named[start : start + _DAYS_AT_ONCE]


def _delete_old(target: ParquetTarget, store: Store, manifest: Manifest) -> None:
    """Delete the files that no kept publication has, also those that a killed copy left."""
    kept = manifest.paths() | {file.path for file in manifest.former_files}
    before = datetime.now(UTC) - timedelta(seconds=target.keep_for)
    old = [path for path, (_, when) in store.files().items() if path not in kept and when <= before]
    store.delete(old)


def check_parquet(target: ParquetTarget) -> str:
    """Return a sentence on the store, the rights there, and the publication that it has.

    Raises:
        ConfigError: if a library is missing, or there is a manifest that is not of mp.
        PublishTargetError: if it can't be read and written.
    """
    store = open_store(target)
    store.check()
    former = _former(target, store.read(FILE_NAME))
    has = f"it has publication {former.publication}" if former else "nothing is published there"
    return f"{target.path} can be written; {has}"
