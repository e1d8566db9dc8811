"""A connection to the database of a PostgreSQL target: its errors, and the lock of a copy."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Protocol

from mixpanel_data._internal.publish_targets.configuration import PostgresTarget
from mixpanel_data._internal.publish_targets.errors import failed, missing_extra
from mixpanel_data.exceptions import ConfigError, DatabaseLockedError

CONNECT_SECONDS = 10
LOCK_SECONDS = 5.0
"""The time in which the server notices that a killed copy is gone."""

_OLDEST_SERVER = 120_000
_CHECKS_CONNECTION = 140_000
"""The first version that can look, during a statement, whether its client is there."""


class Cursor(Protocol):
    """What is used of a cursor of psycopg2."""

    def execute(self, sql: str, values: Sequence[Any] | None = None, /) -> None:
        """Run a statement."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row; None after the last one."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""

    def copy_expert(self, sql: str, file: Any, size: int) -> None:
        """Run COPY with the bytes of a file."""


@contextmanager
def connect(target: PostgresTarget) -> Iterator[Any]:
    """Connect to the database, in UTC and with names of system tables only in the search path.

    Raises:
        ConfigError: if the driver is missing, the URL is not valid, or the database can't be used.
        PublishTargetError: if the server can't be reached, or refuses the connection.
    """
    driver = _driver(target)
    try:
        driver.extensions.parse_dsn(target.url.get_secret_value())
    except driver.ProgrammingError:
        # The driver's message shows the URL, which may have a password.
        raise ConfigError(
            f"Publish target {target.name}: `url` is not a connection URL of PostgreSQL. "
            "Write postgresql://user@host:5432/database, with the password in PGPASSWORD or in "
            "the variable that sets the URL.",
            details={"target": target.name},
        ) from None
    try:
        pg = driver.connect(
            target.url.get_secret_value(),
            connect_timeout=CONNECT_SECONDS,
            application_name=f"mixpanel_data: publish to {target.name}",
        )
    except driver.Error as error:
        raise failed(
            target,
            f"the server can't be used: {message_of(error)}",
            "Check `url` and that the server runs.",
        ) from None
    try:
        with _translate_errors(target, driver), pg.cursor() as cursor:
            _prepare(target, pg, cursor)
        with _translate_errors(target, driver):
            yield pg
    finally:
        with suppress(driver.Error):
            pg.close()


def _driver(target: PostgresTarget) -> Any:
    try:
        driver = import_module("psycopg2")
        import_module("psycopg2.extensions")
    except ImportError:
        raise missing_extra(target, "psycopg2", "postgres") from None
    return driver


def _prepare(target: PostgresTarget, pg: Any, cursor: Cursor) -> None:
    if pg.server_version < _OLDEST_SERVER:
        raise ConfigError(
            f"Publish target {target.name}: the server is PostgreSQL "
            f"{pg.server_version // 10_000}, and 12 or newer is needed.",
            details={"target": target.name},
        )
    encoding = pg.get_parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigError(
            f"Publish target {target.name}: the database has the encoding {encoding}, and the "
            "tables need UTF8.",
            details={"target": target.name},
        )
    pg.set_client_encoding("UTF8")
    cursor.execute(
        "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set search_path = ''; "
        "set statement_timeout = 0; set bytea_output = 'hex'; "
        "set idle_in_transaction_session_timeout = 0; set standard_conforming_strings = on"
    )
    if pg.server_version >= _CHECKS_CONNECTION:
        cursor.execute("set client_connection_check_interval = '2s'")
    pg.commit()


@contextmanager
def _translate_errors(target: PostgresTarget, driver: Any) -> Iterator[None]:
    try:
        yield
    except driver.Error as error:
        raise failed(target, message_of(error), "The former tables there are unchanged.") from error


def message_of(error: Exception) -> str:
    """Return the first lines of a server's error, without the statement."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("LINE ", "CONTEXT:", "^"))]
    return " ".join(kept).rstrip(".") or type(error).__name__


def lock_schema(target: PostgresTarget, cursor: Cursor) -> None:
    """Take the lock of the schema until the end of the transaction.

    Raises:
        DatabaseLockedError: if another copy to this schema has it.
    """
    digest = hashlib.sha256(f"mixpanel_data {target.schema_name}".encode()).digest()
    key = int.from_bytes(digest[:8], signed=True)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [key])
        if _first(cursor):
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    cursor.execute(
        "select a.pid, a.backend_start from pg_locks l join pg_stat_activity a using (pid) "
        "where l.locktype = 'advisory' and l.granted and l.objsubid = 1 "
        "and l.classid::bigint = (%s::bigint >> 32) & 4294967295 "
        "and l.objid::bigint = %s::bigint & 4294967295",
        [key, key],
    )
    row = cursor.fetchone()
    who = f" (server process {row[0]}, since {row[1]:%Y-%m-%d %H:%M:%S} UTC)" if row else ""
    raise DatabaseLockedError(
        f"Publish target {target.name}: another copy to schema {target.schema_name} runs{who}. "
        "Wait for it, and run the command once more.",
        details={"target": target.name, "server_pid": row[0] if row else None},
    )


def _first(cursor: Cursor) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None


def is_lock_timeout(error: Exception) -> bool:
    """Return True if a statement waited longer for a lock than `lock_timeout`."""
    return getattr(error, "pgcode", None) == "55P03"
