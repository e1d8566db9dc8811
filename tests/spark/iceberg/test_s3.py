"""A warehouse in a bucket: the same commits, by pyiceberg, against a server of S3's API on loopback."""

from datetime import timedelta

import pytest
from support.project import LAST


@pytest.fixture
def bucket(project, monkeypatch):
    import boto3
    from moto.server import ThreadedMotoServer
    from pyiceberg.utils.config import Config

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in {**keys, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYICEBERG_CATALOG__LAKE__S3__ENDPOINT", endpoint)
    # pyiceberg reads the variables when it is imported, which an earlier test may have done.
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="lake")
    project.warehouse = "s3://lake/mixpanel"
    yield endpoint
    server.stop()


def test_days_are_loaded_and_replaced_in_a_bucket(project, fill, bucket):
    first = LAST - timedelta(days=1)
    fill(2)
    project.sync(first, LAST)
    project.sandbox.dataset.remove_events(lambda event: event.properties["number"] == 3)

    project.sync(first, LAST)

    assert project.lake.table("events").location().startswith("s3://lake/mixpanel")
    assert project.loaded() == project.served(first, LAST)
    assert project.rows_by_day() == project.ledger_by_day() == {first: 9, LAST: 9}
