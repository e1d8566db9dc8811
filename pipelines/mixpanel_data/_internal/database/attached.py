"""Files that are only read: a project's published database, and beside it the one its workspaces
write.

They are attached to an instance in memory. Opened directly, DuckDB would hand a second reader of
this process the file as the first one found it, although another was published meanwhile (measured
with 2.0).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.private_files import private_files
from mixpanel_data._internal.database.connections import Connection, Cursors, create
from mixpanel_data._internal.database.errors import opening, reading_published
from mixpanel_data._internal.database.read_write_lock import Turns
from mixpanel_data._internal.database.sealed import SPOOL, seal
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data.exceptions import ConfigError, ConfigWarning, DatabaseLockedError

OWN = "workspace"
"""The catalog that tables are put into."""

PUBLISHED = "published"
"""The catalog of the published file."""


class AttachedFiles:
    """``own`` and ``published``, neither held against readers. ``own`` is held against others while
    it is written.

    Names are looked up in the published file first. Without ``external_access`` every statement is
    kept away from all other files.
    """

    own = OWN

    def __init__(
        self,
        own: Path,
        *,
        published: Path | None = None,
        writable: bool = False,
        external_access: bool = False,
    ) -> None:
        self.path: Path | None = own
        self._file = own
        self._writable = writable
        self._instance = duckdb.connect()
        self._cursors = Cursors(self._instance)
        self._turns = Turns()
        self._attached: dict[str, Path] = {}
        self._instance.execute("SET preserve_insertion_order = false")
        self._instance.execute(f"SET temp_directory = {literal(own.with_name(own.name + '.tmp'))}")
        if published and published.is_file():
            self._attach(PUBLISHED, published)
        self._attach_own(needed=published is None)
        if not external_access:
            spooled = [own.parent / SPOOL]
            seal(self._instance, **({"writes": [own], "folders": spooled} if writable else {}))

    @property
    def catalogs(self) -> list[str]:
        return list(self._attached)

    def cursor(self) -> Connection:
        with self._turns.shared():
            return self._cursors.new()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._turns.shared(), self._cursors.held() as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if not self._writable:
            raise ConfigError(f"{self._file} was opened to be read only.")
        if not self._file.exists():
            create(self._file)
        with private_files(), self._turns.alone():
            self._detach_own()
            try:
                self._attach(OWN, self._file, read_only=False)
                with self._cursors.held() as cursor:
                    yield cursor
            finally:
                self._detach_own()
                self._attach_own(needed=False)

    def close(self) -> None:
        self._cursors.close()

    def _attach_own(self, *, needed: bool) -> None:
        if not needed and not self._file.exists():
            return
        try:
            self._attach(OWN, self._file)
        except DatabaseLockedError as error:
            if needed:
                raise
            # What is published can be asked all the same.
            warnings.warn(
                f"The tables in {self._file.name} can't be seen now: {error}",
                ConfigWarning,
                stacklevel=2,
            )

    def _attach(self, catalog: str, path: Path, *, read_only: bool = True) -> None:
        mode = "READ_ONLY" if read_only else "READ_WRITE"
        explained = reading_published if catalog == PUBLISHED else opening
        with explained(path):
            self._instance.execute(f"ATTACH {literal(path)} AS {catalog} ({mode})")
        self._attached[catalog] = path
        self._look_up()

    def _detach_own(self) -> None:
        self._instance.execute(f"DETACH DATABASE IF EXISTS {OWN}")
        self._attached.pop(OWN, None)
        self._look_up()

    def _look_up(self) -> None:
        self._cursors.search_path = (
            ",".join(f"{catalog}.main" for catalog in self._attached) or None
        )
