"""The workspace: a Mixpanel project and a database, in one object."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.config import ConfigManager
from mixpanel_data._internal.rate_limit.waiting import OnWait
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.fetcher import FetcherService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.services.streamer import StreamerService
from mixpanel_data._internal.settings import load_settings
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.workspace.descriptors import locked_cached_property
from mixpanel_data._internal.workspace.fetching import Fetching
from mixpanel_data._internal.workspace.mixpanel import Discovery, Queries
from mixpanel_data._internal.workspace.session import Session
from mixpanel_data._internal.workspace.tables import Tables
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import WorkspaceInfo

__all__ = ["Workspace"]


class Workspace(Fetching, Discovery, Queries, Tables):
    """A Mixpanel project, and the tables one has of it. A context manager; safe to share between
    threads.

    Without ``path`` it stands on the project's data folder (``data_dir``, else MP_DATA_DIR, else
    the project's): SQL reads what `mp sync` published there, marts included, as it was when the
    workspace was opened; what it fetches goes into ``workspace.duckdb`` beside it, which is held
    against others only while rows go in. With ``path`` it stands on that database alone. Nothing is
    opened or asked before it is needed, and SQL needs no account.

    The account is the one in force when the workspace is made, and stays so while it lives,
    whatever becomes of the default account; without any, the first request looks for one.
    ``account`` names one of the accounts, ``region`` (us, eu or in) stands in place of the
    account's. ``workspace_id`` narrows Mixpanel's reports and names to a data view. With
    ``fresh=False`` an answer of the query API is one of the last ten minutes (MP_ANSWERS_KEPT)
    where there is one, whoever asked on this data folder. SQL, and the views of a database that was
    there, reach no other file and no network unless ``external_access`` is true. For tests,
    ``_config_manager``, ``_api_client`` and ``_storage`` stand in for what would be built.

    Raises:
        AccountNotFoundError: there is no such account.
        ConfigError: settings or a region that can't be.
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
        """One on a database of its own, which is deleted when it is closed. ``options`` as of the
        class."""
        folder = tempfile.mkdtemp(prefix="mixpanel-data-")
        workspace = cls(account, Path(folder) / "ephemeral.duckdb", **options)
        # Also when nobody closes it.
        workspace._delete = weakref.finalize(workspace, shutil.rmtree, folder, ignore_errors=True)
        return workspace

    @classmethod
    def memory(cls, account: str | None = None, **options: Any) -> Self:
        """One on a database in memory. ``options`` as of the class."""
        workspace = cls(account, **options)
        workspace._in_memory = True
        return workspace

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = True) -> Self:
        """One on a database that is there, or on a data folder; shared with other readers unless
        ``read_only`` is False.

        Raises ConfigError when there is none.
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
        if self._path is not None or self._in_memory:
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
        """What fetches into the database."""
        return FetcherService(self._session.client, self.storage, zone=self._session.settings.zone)

    @locked_cached_property
    def streamer(self) -> StreamerService:
        """What hands on records without keeping them."""
        return StreamerService(self._session.client, zone=self._session.settings.zone)

    @locked_cached_property
    def discovery(self) -> DiscoveryService:
        """What knows what there is in Mixpanel; ``refresh()`` makes it forget."""
        return DiscoveryService(self._session.client, workspace_id=self._workspace_id)

    @locked_cached_property
    def live(self) -> LiveQueryService:
        """What asks Mixpanel for its reports."""
        return LiveQueryService(
            self._session.client, discovery=self.discovery, workspace_id=self._workspace_id
        )

    def info(self) -> WorkspaceInfo:
        """Where the tables are, which there are, and whose account counts, as far as there is one."""
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

    def close(self) -> None:
        """Lets go of the database and the connection; an ephemeral database is gone. What was
        handed in stays open."""
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

    def _main_file(self) -> Path | None:
        """The published file of a project, where there is one; else the one that tables are put
        into."""
        folder = self._session.settings.folder
        if self._given_storage or self._path is not None or self._in_memory:
            return self.storage.path
        return folder.published if folder.published.is_file() else folder.workspace
