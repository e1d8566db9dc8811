"""Servers of the destinations. Without the packages of `make spark` nothing here is collected."""

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from support.crash.child import TODAY
from support.crash.project import ChangingProject
from support.postgres_server import serving_postgres

from mixpanel_data._internal.run import context
from mixpanel_data.sandbox import Sandbox

_HAS_PACKAGES = importlib.util.find_spec("deltalake") and importlib.util.find_spec("moto")

collect_ignore_glob = [] if _HAS_PACKAGES else ["test_*.py"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[None]:
    """A server of PostgreSQL on loopback; its port is in PGPORT."""
    with serving_postgres() as port:
        os.environ["PGPORT"] = str(port)
        yield


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server on loopback, with a bucket named ``lake``."""
    import boto3
    from botocore.config import Config

    # A process of its own: deltalake holds the interpreter's lock while it waits for an answer.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as server:
        try:
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            retries = Config(retries={"total_max_attempts": 10, "mode": "standard"})
            client = boto3.client(
                "s3", endpoint_url=address, region_name="us-east-1", config=retries, **keys
            )
            client.create_bucket(Bucket="lake")
            yield address
        finally:
            server.terminate()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChangingProject]:
    """A small project whose today is fixed, and whose account the environment names."""
    from support.places import point_at

    with Sandbox(today=TODAY) as sandbox:
        monkeypatch.setattr(context, "today", lambda *_: TODAY)
        account = asdict(sandbox.credentials)
        for name, value in point_at(sandbox.base_url, account, tmp_path / "data").items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        made = ChangingProject(sandbox)
        made.fill()
        yield made
