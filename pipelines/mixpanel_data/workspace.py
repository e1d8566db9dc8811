"""The workspace: a Mixpanel project and a database, in one object."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

from mixpanel_data._display import fields_html, table_html
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.config import ConfigManager
from mixpanel_data._internal.rate_limit.waiting import OnWait
from mixpanel_data._internal.run.progress import QUIET, Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.fetcher import FetcherService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.services.streamer import StreamerService
from mixpanel_data._internal.settings import load_settings
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.workspace.descriptors import locked_cached_property
from mixpanel_data._internal.workspace.fetching import Fetching
from mixpanel_data._internal.workspace.local_reports import LocalReports
from mixpanel_data._internal.workspace.mixpanel import Discovery, Queries
from mixpanel_data._internal.workspace.saved_definitions import SavedDefinitions
from mixpanel_data._internal.workspace.session import Session
from mixpanel_data._internal.workspace.tables import Tables
from mixpanel_data.exceptions import ConfigError, MixpanelDataError
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS
from mixpanel_data.sync.job import Only
from mixpanel_data.sync.run import run_sync
from mixpanel_data.types import WorkspaceInfo

__all__ = ["Workspace"]


class Workspace(Fetching, Discovery, Queries, LocalReports, SavedDefinitions, Tables):
    """A Mixpanel project and its tables. A context manager; safe to share between threads.

    Without ``path`` it opens the project's data folder (``data_dir``, else MP_DATA_DIR, else the
    project's): SQL reads the tables that `mp sync` published there, marts included, as of the
    opening of the workspace. Fetched data goes into ``workspace.duckdb`` beside it, which is locked
    only while rows are written. With ``path`` it uses that database alone. Nothing is opened or
    requested before it is needed, and SQL needs no account.

    The account is the one in force when the workspace is created, and does not follow changes of
    the default account; without any, the first request looks for one. ``account`` names one of the
    accounts, ``region`` (us, eu or in) overrides the account's. ``workspace_id`` narrows Mixpanel's
    reports and names to a data view. With ``fresh=False``, responses of the query API may come from
    a cache of the last ten minutes (MP_ANSWERS_KEPT), which all processes of the data folder share.
    SQL, and the views of an existing database, reach no other file and no network unless
    ``external_access`` is true. For tests, ``_config_manager``, ``_api_client`` and ``_storage``
    replace what would be created.

    Raises:
        AccountNotFoundError: if there is no such account.
        ConfigError: if settings or the region are invalid.
    """

    def __init__(
        self,
        account: str | None = None,
        path: Path | str | None = None,
        region: str | None = None,
        *,
        data_dir: Path | str | None = None,
        read_only: bool = False,
        workspace_id: int | None = None,
        fresh: bool = True,
        external_access: bool = False,
        _config_manager: ConfigManager | None = None,
        _api_client: MixpanelAPIClient | None = None,
        _storage: StorageEngine | None = None,
        _on_wait: OnWait | None = None,
        _on_cached: Callable[[float], None] = lambda _age: None,
    ) -> None:
        self._session = Session(
            load_settings(data_dir=data_dir),
            account,
            region,
            _config_manager,
            _api_client,
            _on_wait,
            fresh,
            _on_cached,
        )
        self._path = path
        self._read_only = read_only
        self._workspace_id = workspace_id
        self._external_access = external_access
        self._given_storage = _storage
        self._in_memory = False
        self._delete: Callable[[], object] = lambda: None
        self.lock = threading.RLock()

    @classmethod
    def ephemeral(cls, account: str | None = None, **options: Any) -> Self:
        """Open a workspace on a temporary database, deleted on close. ``options`` like the
        class.

        Args:
            account: Name of an account. None: the one in force.
            **options: Further arguments of :class:`Workspace`.

        Raises:
            AccountNotFoundError, ConfigError: like :class:`Workspace`.
        """
        folder = tempfile.mkdtemp(prefix="mixpanel-data-")
        workspace = cls(account, Path(folder) / "ephemeral.duckdb", **options)
        # Also if close() is never called.
        workspace._delete = weakref.finalize(workspace, shutil.rmtree, folder, ignore_errors=True)
        return workspace

    @classmethod
    def memory(cls, account: str | None = None, **options: Any) -> Self:
        """Open a workspace on a database in memory. ``options`` like the class.

        Args:
            account: Name of an account. None: the one in force.
            **options: Further arguments of :class:`Workspace`.

        Raises:
            AccountNotFoundError, ConfigError: like :class:`Workspace`.
        """
        workspace = cls(account, **options)
        workspace._in_memory = True
        return workspace

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = True) -> Self:
        """Open a workspace on an existing database or data folder.

        It is shared with other readers unless ``read_only`` is False.

        Args:
            path: A DuckDB file, or a data folder.
            read_only: Change nothing, and share the file with other readers.

        Raises:
            ConfigError: if it does not exist.
        """
        where = Path(path).expanduser()
        if not where.exists():
            raise ConfigError(f"There is no database at {where}.")
        return cls(data_dir=where) if where.is_dir() else cls(path=where, read_only=read_only)

    @locked_cached_property
    def storage(self) -> StorageEngine:
        """The database."""
        zone = self._session.settings.zone
        if self._given_storage:
            return self._given_storage
        if self._has_own_database():
            return StorageEngine(
                self._path,
                read_only=self._read_only,
                zone=zone,
                external_access=self._external_access,
            )
        return StorageEngine.project(
            self._session.settings.folder, zone=zone, external_access=self._external_access
        )

    @locked_cached_property
    def fetcher(self) -> FetcherService:
        """The service that fetches into the database."""
        return FetcherService(self._session.client, self.storage, zone=self._session.settings.zone)

    @locked_cached_property
    def streamer(self) -> StreamerService:
        """The service that yields records without storing them."""
        return StreamerService(self._session.client, zone=self._session.settings.zone)

    @locked_cached_property
    def discovery(self) -> DiscoveryService:
        """The service that lists the contents of Mixpanel; ``refresh()`` clears its cache."""
        return DiscoveryService(self._session.client, workspace_id=self._workspace_id)

    @locked_cached_property
    def live(self) -> LiveQueryService:
        """The service that queries Mixpanel's reports."""
        return LiveQueryService(
            self._session.client, discovery=self.discovery, workspace_id=self._workspace_id
        )

    def info(self) -> WorkspaceInfo:
        """Return the path, tables and account of the workspace, as far as known."""
        account, tables = self._session.resolution_or_none(), self.tables()
        path = self._main_file()
        return WorkspaceInfo(
            path=str(path) if path else None,
            project_id=account.credentials.project_id if account else None,
            region=account.credentials.region if account else None,
            account=account.account if account else None,
            tables=[table.name for table in tables],
            size_bytes=path.stat().st_size if path and path.is_file() else None,
            created_at=min((t.fetched_at for t in tables if t.fetched_at), default=None),
        )

    def sync(
        self,
        *,
        first: date | str | None = None,
        last: date | str | None = None,
        only: Only | None = None,
        events: Sequence[str] = (),
        where: str | None = None,
        refetch: bool = False,
        reload_days: int | None = None,
        oldest_first: bool = False,
        full_profiles: bool = False,
        start_over: bool = False,
        build: bool = True,
        fetch: bool = True,
        max_wait: float | str | None = None,
        max_requests: int | None = None,
        lock_wait_seconds: float = LOCK_WAIT_SECONDS,
        progress: Progress = QUIET,
    ) -> SyncReport:
        """Fetch the missing days of the project, load them, build the tables and publish them, as
        ``mp sync`` does; from then on this workspace reads the published tables.

        It is :func:`mixpanel_data.sync.sync` with the account and the data folder of the workspace.
        Failed parts are in ``failures`` of the report, and all others are loaded and published.
        Relations and cursors that were opened before are closed.

        Args:
            first: First day, a date or ``YYYY-MM-DD``, in the days of the project's export (UTC;
                the project's zone for projects created before 2023). None: the day after the last
                loaded one, or the start date of the settings.
            last: Last day, included. None: yesterday.
            only: ``"events"`` or ``"profiles"``; None: both.
            events: Names of the events to fetch; none: all.
            where: An expression of Mixpanel that the events must match.
            refetch: Fetch complete days, too.
            reload_days: The number of recent days to refetch for late events. None: the setting's.
            oldest_first: Fetch the oldest missing days first.
            full_profiles: Read all profiles, not only those seen since the last read.
            start_over: Start with an empty raw database; the old one is kept in the data folder.
            build: Run dbt and publish.
            fetch: Fetch and load. False: only build and publish what is loaded, without any request;
                no credentials are needed, and arguments about the fetch are refused.
            max_wait: The longest wait for the rate limit, in seconds or as ``"15m"``. None: the
                setting's.
            max_requests: The largest number of export requests; days that are left over are not
                failures. None: no limit but the rate limit.
            lock_wait_seconds: The longest wait while another process works in the data folder.
            progress: Called at each step; see :class:`mixpanel_data.sync.Progress`.

        Raises:
            ConfigError: if the workspace is not one of a data folder, batches of a query are still
                being read, there are no credentials, the days can't be fetched, the data folder is
                of another project or time basis, or a variable of the dbt models is wrong.
            DatabaseLockedError: if another process works in the data folder for longer than
                ``lock_wait_seconds``.
            DatabaseDamagedError, DatabaseMissingError: if the raw database can't be read, or is
                missing.
            StorageError: if there is no space, no permission, or not enough memory.
            MixpanelDataError: if dbt failed; the last publication stays.
        """
        if self._has_own_database():
            raise ConfigError(
                "This workspace has a database of its own, and a sync publishes into a data folder: "
                "open the workspace without a path, Workspace(data_dir=...)."
            )
        if "storage" in self.__dict__:
            self.storage.require_no_open_batches()
        settings = load_settings(data_dir=self._session.settings.data_dir, max_wait=max_wait)
        try:
            return run_sync(
                settings,
                lambda: self._session.resolution.credentials,
                first=first,
                last=last,
                only=only,
                events=events,
                where=where,
                refetch=refetch,
                reload_days=reload_days,
                oldest_first=oldest_first,
                full_profiles=full_profiles,
                start_over=start_over,
                build=build,
                fetch=fetch,
                max_requests=max_requests,
                lock_wait_seconds=lock_wait_seconds,
                progress=progress,
            )
        finally:
            with self.lock:
                if "storage" in self.__dict__:
                    self.storage.reopen()

    def close(self) -> None:
        """Close the database and the connection, except those passed in; delete an ephemeral
        database."""
        with self.lock:
            if "storage" in self.__dict__ and self.storage is not self._given_storage:
                self.storage.close()
            self._session.close()
            self._delete()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Workspace({str(self._main_file() or 'memory')!r})"

    def _repr_html_(self) -> str:
        """Return the tables with their rows. Sends no request, and creates no file."""
        try:
            return self._html()
        except MixpanelDataError as error:  # a notebook would show a traceback beside the text
            return fields_html(repr(self), {"error": error.message})

    def _html(self) -> str:
        account = self._session.resolution_or_none()
        project = f", project {account.credentials.project_id}" if account else ""
        file = self._main_file()
        tables = self.tables() if file is None or file.is_file() else []
        rows = [(table.name, table.type, table.row_count) for table in tables]
        return table_html(f"{self!r}{project}", ["table", "type", "rows"], rows, total=len(rows))

    def _has_own_database(self) -> bool:
        """Return True unless the workspace is one of a data folder."""
        return bool(self._given_storage or self._path is not None or self._in_memory)

    def _main_file(self) -> Path | None:
        """Return the published file of a project, if it exists; else the one for fetched tables."""
        if self._given_storage:
            return self._given_storage.path
        if self._path is not None:
            return Path(self._path).expanduser().absolute()
        if self._in_memory:
            return None
        folder = self._session.settings.folder
        return folder.published if folder.published.is_file() else folder.workspace
