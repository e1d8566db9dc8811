"""The lock that lets one process at a time load and build in a catalog, from any data folder."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mixpanel_data._internal.data_folder.lock import REPORT_SECONDS, OnLocked, ignore_wait
from mixpanel_data._internal.settings import Settings, without_password
from mixpanel_data.destinations.iceberg.catalog import database_of, translate_iceberg_errors
from mixpanel_data.exceptions import DatabaseLockedError, StorageError

_KEY = 7_164_771_839_208
"""The advisory lock of PostgreSQL. Such locks belong to one database, and so to one catalog."""

_PAUSE = 0.5

# A router that forgets a silent connection, or a machine that is lost, is noticed within a minute and a half.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}

Acquire = Callable[[], str | None]
"""Takes the lock, or returns which process has it."""


@dataclass(frozen=True)
class _Lock:
    acquire: Acquire
    is_held: Callable[[], bool]


_held: dict[str, _Lock] = {}
"""The locks that this process has, by the address of the catalog."""


@contextmanager
def exclusive_catalog(
    settings: Settings, *, wait_seconds: float = 0, on_locked: OnLocked = ignore_wait
) -> Iterator[None]:
    """Hold the lock of the catalog of the settings. It ends with the process, or its connection.

    A build reads the raw tables and the ledger one after the other, and starts from what the last
    build wrote. So neither loads nor builds of other processes may run in the meantime.

    Args:
        settings: The settings, with the engine spark.
        wait_seconds: The longest wait for another process, in seconds.
        on_locked: Called when the wait begins and each half minute, with the process that has the
            lock and the seconds left.

    Raises:
        DatabaseLockedError: if another process still has it after ``wait_seconds``.
        StorageError: if the catalog can't be reached.
    """
    address = str(settings.catalog)
    hold = _lock_of_file if address.startswith("sqlite:") else _lock_of_server
    with hold(address) as lock:
        _wait(lock.acquire, without_password(address), wait_seconds, on_locked)
        _held[address] = lock
        try:
            yield
        finally:
            del _held[address]


def require_held(settings: Settings) -> None:
    """Check that the lock of the catalog, once this process has taken it, is still there.

    PostgreSQL frees it when it ends the connection, as at a restart: then another process may have
    loaded or built since.

    Raises:
        StorageError: if the lock was lost.
    """
    address = str(settings.catalog)
    lock = _held.get(address)
    if lock and not lock.is_held():
        raise StorageError(
            f"The Iceberg catalog {without_password(address)} closed the connection that holds its "
            "lock, so another run may have loaded or built there since. Nothing was published. "
            "Rerun the command."
        )


def _wait(acquire: Acquire, address: str, wait_seconds: float, on_locked: OnLocked) -> None:
    ends_at = time.monotonic() + wait_seconds
    reported_at = None
    while holder := acquire():
        now = time.monotonic()
        if now >= ends_at:
            raise DatabaseLockedError(
                f"The Iceberg catalog {address} is in use by {holder}, which loads or builds. Wait "
                "for it, or stop it, and rerun the command.",
                details={"catalog": address, "holder": holder},
            )
        if reported_at is None or now - reported_at >= REPORT_SECONDS:
            reported_at = now
            on_locked(holder, ends_at - now)
        time.sleep(min(_PAUSE, ends_at - now))


@contextmanager
def _lock_of_file(address: str) -> Iterator[_Lock]:
    """Use a file beside the catalog, which the operating system unlocks when the process dies."""
    catalog = Path(address.removeprefix("sqlite:///"))
    if not catalog.parent.is_dir():
        raise StorageError(
            f"The Iceberg catalog of MP_CATALOG can't be used: the folder {catalog.parent} does not "
            "exist."
        )
    lock = FileLock(catalog.with_name(f"{catalog.name}.lock"))

    def acquire() -> str | None:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return "another process"
        except OSError as error:
            raise StorageError(f"The lock of the Iceberg catalog can't be used: {error}") from error
        return None

    try:
        yield _Lock(acquire, lambda: lock.is_locked)
    finally:
        lock.release()


@contextmanager
def _lock_of_server(address: str) -> Iterator[_Lock]:
    """Use a connection of its own, which PostgreSQL unlocks when the process dies."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        database_of(address),
        isolation_level="AUTOCOMMIT",  # no transaction stays open for hours
        poolclass=NullPool,
        connect_args={"application_name": _name(), **_KEEPALIVE},
    )
    with translate_iceberg_errors():
        connection = engine.connect()

    def ask(sql: str, **values: object) -> Any:
        with translate_iceberg_errors():
            return connection.execute(text(sql), values).first()

    def acquire() -> str | None:
        if ask("SELECT pg_try_advisory_lock(:key)", key=_KEY)[0]:
            return None
        return _holder(ask(_HOLDER, key=_KEY))

    def is_held() -> bool:
        try:
            return bool(ask(_IS_HELD, key=_KEY)[0])
        except StorageError:
            return False

    try:
        for name, seconds in _KEEPALIVE.items():
            ask("SELECT set_config(:name, :value, false)", name=f"tcp_{name}", value=str(seconds))
        yield _Lock(acquire, is_held)
    finally:
        with suppress(Exception):  # a lost connection can't be closed
            connection.close()


_THIS_LOCK = """
locktype = 'advisory' AND objsubid = 1 AND granted
AND classid::bigint << 32 | objid::bigint = :key
AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_HOLDER = f"""
SELECT activity.application_name, activity.backend_start
FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
WHERE {_THIS_LOCK}
"""

_IS_HELD = f"SELECT count(*) = 1 FROM pg_locks WHERE {_THIS_LOCK} AND pid = pg_backend_pid()"


def _holder(found: Any) -> str:
    """Return what PostgreSQL shows of a process; to other users than its own, it shows less."""
    if found is None or not found[0] or found[1] is None:
        return "another process"
    return f"{found[0]} (since {found[1].isoformat(timespec='seconds')})"


def _name() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"[:63]
