"""Copies as Parquet files in a bucket: what is written and kept, readers, and errors of the store."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pyarrow.dataset
import pytest
import s3fs
from support.publication import PublishedFolder

from mixpanel_data._internal.publish_targets.publish import check_target, publish
from mixpanel_data.exceptions import ConfigError, DatabaseLockedError, PublishTargetError

KILLED = 9
KEY, SECRET = "key-of-the-test", "secret-of-the-test"


class Bucket:
    """A project with the target ``lake``, and a bucket of its own."""

    def __init__(self, made: PublishedFolder, address: str, name: str) -> None:
        self.made, self.address, self.name = made, address, name
        self.fs = s3fs.S3FileSystem(
            key=KEY,
            secret=SECRET,
            client_kwargs={"endpoint_url": address},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        self.configure()

    def configure(self, **values: Any) -> None:
        defaults = {
            "kind": "parquet",
            "path": f"s3://{self.name}/mixpanel",
            "endpoint_url": self.address,
            "access_key_id": KEY,
            "secret_access_key": SECRET,
        }
        self.made.configure(lake=defaults | values)

    def copy(self, **options: Any) -> Any:
        return publish("lake", settings=self.made.settings(), **options)

    def manifest(self) -> Any:
        return json.loads(self.fs.cat_file(f"{self.name}/mixpanel/manifest.json"))

    def files(self) -> set[str]:
        return {
            path.removeprefix(f"{self.name}/mixpanel/")
            for path in self.fs.find(f"{self.name}/mixpanel")
        }

    def read(self, table: str, manifest: Any = None) -> Any:
        """The rows of a table, as pyarrow reads them by the manifest."""
        found = manifest or self.manifest()
        files = [f"{self.name}/mixpanel/{f['path']}" for f in found["tables"][table]["files"]]
        return pyarrow.dataset.dataset(files, filesystem=self.fs, format="parquet").to_table()

    def versions(self, manifest: Any = None) -> set[int]:
        tables = (self.read(name, manifest) for name in ("events", "sessions", "totals"))
        return {version for table in tables for version in table["version"].to_pylist()}


@pytest.fixture
def bucket(root, store, request) -> Iterator[Bucket]:
    name = f"b{abs(hash(request.node.name))}"
    made = Bucket(PublishedFolder(root), store, name)
    made.fs.mkdir(name)
    yield made
    made.fs.rm(name, recursive=True)


def test_the_files_hold_the_rows_and_only_changed_days_are_written(bucket):
    bucket.made.publish(1, days=5)
    first = bucket.copy()
    assert (first.written_rows, first.written_files) == (242, 12)
    assert bucket.read("events").num_rows == 120
    assert bucket.read("events").schema.field("event_date").type == pyarrow.date32()
    assert bucket.versions() == {1}

    second = bucket.copy()
    assert (second.written_rows, second.written_files) == (0, 0)
    assert not bucket.copy(only_if_new=True).is_new

    bucket.made.publish(2, days=5, changed=1)
    bucket.copy()
    bucket.made.publish(3, days=5, changed=1)
    third = bucket.copy()
    # A day of events and of sessions, and the two small tables.
    assert (third.written_rows, third.written_files) == (50, 4)


def test_old_files_stay_and_are_deleted_after_a_while(bucket):
    bucket.made.publish(1)
    bucket.copy()
    before = bucket.manifest()
    bucket.made.publish(2)

    bucket.copy()

    assert bucket.versions(before) == {1}
    bucket.configure(keep_for=0)
    bucket.copy()
    current = {
        file["path"] for table in bucket.manifest()["tables"].values() for file in table["files"]
    }
    assert bucket.files() == {"manifest.json", *current}


def test_a_file_that_is_missing_is_written_once_more(bucket):
    bucket.made.publish(1)
    bucket.copy()
    path = bucket.manifest()["tables"]["events"]["files"][0]["path"]
    bucket.fs.rm_file(f"{bucket.name}/mixpanel/{path}")

    assert bucket.copy().written_rows == 24
    assert bucket.read("events").num_rows == 72


_KILL = """
import os, signal, sys
from mixpanel_data._internal.publish_targets import parquet, parquet_stores
from mixpanel_data._internal.publish_targets.publish import publish

def die(*_args, **_rest):
    os.kill(os.getpid(), signal.SIGKILL)

stage = sys.argv[1]
if stage == "before manifest":
    parquet_stores._Bucket.write = die
if stage == "after manifest":
    parquet._delete_old = die
publish("lake", on_table=lambda table: die() if stage == table else None)
"""


@pytest.mark.parametrize("stage", ["before manifest", "after manifest"])
def test_a_kill_leaves_one_whole_publication(bucket, stage):
    bucket.configure(keep_for=0)
    bucket.made.publish(1)
    bucket.copy()
    bucket.made.publish(2)

    killed = subprocess.run(
        [sys.executable, "-c", _KILL, stage], env=bucket.made.environment, check=False
    )

    assert killed.returncode == -KILLED
    assert bucket.versions() == {2 if stage == "after manifest" else 1}
    bucket.made.publish(3)
    bucket.copy()
    current = {
        file["path"] for table in bucket.manifest()["tables"].values() for file in table["files"]
    }
    assert bucket.files() == {"manifest.json", *current}


def test_a_reader_in_a_loop_sees_one_publication_or_the_next(bucket):
    bucket.made.publish(1)
    bucket.copy()
    seen: list[set[int]] = []
    failures: list[BaseException] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                seen.append(bucket.versions(bucket.manifest()))
            except BaseException as error:  # noqa: BLE001  (the test shows it)
                failures.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for version in (2, 3):
        bucket.made.publish(version)
        bucket.copy()
    ended.set()
    reader.join()

    assert failures == []
    assert {len(versions) for versions in seen} == {1}
    assert len({min(versions) for versions in seen}) > 1


def test_a_copy_that_ends_during_another_is_kept(bucket, tmp_path):
    bucket.made.publish(1)
    other = Bucket(PublishedFolder(tmp_path / "other"), bucket.address, bucket.name)
    other.made.publish(2)

    with pytest.raises(DatabaseLockedError, match="ended during this one"):
        bucket.copy(on_table=lambda table: other.copy() if table == "totals" else None)

    assert bucket.versions() == {2}


def test_bytes_that_differ_in_the_bucket_are_an_error(bucket, monkeypatch):
    bucket.made.publish(1)
    put_file = s3fs.S3FileSystem.put_file

    def damaging(fs: Any, local: str, path: str, **rest: Any) -> None:
        put_file(fs, local, path, **rest)
        content = bytearray(fs.cat_file(path))
        content[len(content) // 2] ^= 1
        fs.pipe_file(path, bytes(content))

    monkeypatch.setattr(s3fs.S3FileSystem, "put_file", damaging)

    with pytest.raises(PublishTargetError, match="differs from the publication"):
        bucket.copy()

    assert not bucket.fs.exists(f"{bucket.name}/mixpanel/manifest.json")


def test_a_bucket_that_does_not_exist_is_named(bucket):
    bucket.configure(path="s3://no-such-bucket/mixpanel")
    bucket.made.publish(1)

    with pytest.raises(PublishTargetError, match="s3://no-such-bucket/mixpanel"):
        bucket.copy()
    with pytest.raises(PublishTargetError, match="s3://no-such-bucket/mixpanel"):
        check_target("lake", settings=bucket.made.settings())


def test_a_store_that_is_not_there_is_named_without_the_key(bucket):
    bucket.configure(endpoint_url="http://127.0.0.1:1")
    bucket.made.publish(1)

    with pytest.raises(PublishTargetError, match="Could not connect to the endpoint") as raised:
        bucket.copy()

    assert SECRET not in str(raised.value.to_dict())


def test_a_manifest_of_another_tool_is_not_replaced(bucket):
    bucket.made.publish(1)
    bucket.fs.pipe_file(f"{bucket.name}/mixpanel/manifest.json", b"{}")

    with pytest.raises(ConfigError, match="is not a manifest of mp"):
        bucket.copy()


def test_a_check_says_what_is_there(bucket):
    assert "nothing is published there" in check_target("lake", settings=bucket.made.settings())
    bucket.made.publish(1)
    done = bucket.copy()

    assert f"it has publication {done.publication}" in check_target(
        "lake", settings=bucket.made.settings()
    )
    assert ".mp-check" not in bucket.files()
