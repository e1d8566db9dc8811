"""The engine `spark` from outside: `mp` in a project of its own, with a Spark session on this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mixpanel_data.sandbox import Dataset, Sandbox

DAYS = 9
REFETCHED = 3
DEVICE = "device of u9"
FAILS_IF_BAD = "select * from {{ ref('mixpanel_data', 'events') }} where event = 'Bad'"
QUERY = "SELECT event, count(*) AS n, max(event_date) AS last FROM events GROUP BY ALL ORDER BY ALL"


@dataclass
class Publication:
    """What readers find: the snapshot of each table's tag, what `_build` names, and the bytes of the file."""

    tags: dict[str, int]
    build: dict[str, int]
    file: bytes
    files_by_day: dict[date, set[str]]
    """The data files of each day of `events`, at its tag."""


@dataclass
class Shop:
    """A project in ``folder``, whose events are in a sandbox."""

    folder: Path
    sandbox: Sandbox
    env: dict[str, str]
    runs: dict[str, "subprocess.CompletedProcess[str]"] = field(default_factory=dict)
    found: dict[str, Publication] = field(default_factory=dict)

    def mp(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(Path(sys.executable).with_name("mp")), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )

    @property
    def lake(self) -> Any:
        from mixpanel_data._internal.settings import load_settings
        from mixpanel_data.destinations.iceberg.catalog import open_lake

        settings = load_settings(
            {name: value for name, value in self.env.items() if name.startswith("MP_")}
        )
        return open_lake(settings).catalog

    def add(self, back: int, name: str, user: str, number: int = 0, **properties: Any) -> None:
        """Add an event of the day ``back`` days ago; the same arguments are the same event."""
        at = datetime.combine(day(back), datetime.min.time(), UTC) + timedelta(
            hours=9, minutes=number
        )
        ids = {"distinct_id": user, "insert_id": f"{name}-{back}-{user}-{number}"}
        self.sandbox.dataset.add_event(name, at, **ids, **properties)

    def publication(self) -> Publication:
        tables = [self.lake.load_table(name) for name in self.lake.list_tables("mx_build")]
        tags = {
            table.name()[-1]: table.metadata.refs["published"].snapshot_id
            for table in tables
            if "published" in table.metadata.refs
        }
        stamp = self.lake.load_table(("mx_build", "_build")).scan().to_arrow().to_pylist()
        events = self.lake.load_table(("mx_build", "events"))
        files: dict[date, set[str]] = {}
        for task in events.scan(snapshot_id=tags["events"]).plan_files():
            when = date(1970, 1, 1) + timedelta(days=task.file.partition[0])
            files.setdefault(when, set()).add(task.file.file_path)
        return Publication(
            tags,
            {row["table_name"]: row["snapshot_id"] for row in stamp},
            (self.folder / "data" / "mixpanel.duckdb").read_bytes(),
            files,
        )

    def run(self, name: str, *arguments: str) -> None:
        self.runs[name] = self.mp(*arguments)
        self.found[name] = self.publication()


def day(back: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=back)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A project that was synced three times: at first; after days changed; and with a test that fails."""
    from support.spark.local import write_conf

    folder = tmp_path_factory.mktemp("shop")
    with Sandbox(Dataset()) as sandbox:
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MP_")},
            **{f"MP_{name.upper()}": value for name, value in asdict(sandbox.credentials).items()},
            "MP_API_BASE_URL": sandbox.base_url,
            "MP_START_DATE": str(day(DAYS)),
            "MP_LOOKBACK_DAYS": str(REFETCHED),
            "MP_ENGINE": "spark",
            "MP_CATALOG": f"sqlite:///{folder / 'catalog.sqlite'}",
            "MP_WAREHOUSE": str(folder / "warehouse"),
            "SPARK_CONF_DIR": str(write_conf(folder / "conf")),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "HOME": str(folder),
        }
        made = Shop(folder / "project", sandbox, env)
        subprocess.run(
            [str(Path(sys.executable).with_name("mp")), "init", str(made.folder)],
            env=env,
            check=True,
            capture_output=True,
        )
        (made.folder / "tests" / "no_bad_event.sql").write_text(FAILS_IF_BAD)
        for back in range(1, DAYS + 1):
            for number in range(4):
                made.add(back, "Viewed", f"u{number}", number, price=number / 3)
        # u9, before it was known
        made.add(8, "Viewed", f"$device:{DEVICE}", **{"$device_id": DEVICE})
        made.run("first", "sync")

        made.add(1, "Signed in", "u9", **{"$device_id": DEVICE, "$user_id": "u9"})
        made.add(2, "Came late", "u1")
        sandbox.dataset.remove_events(lambda event: event.day == day(3))
        made.run("changed", "sync")
        made.runs["compare"] = made.mp("engine", "compare", "--format", "json")

        made.add(1, "Bad", "u1")
        made.run("failed", "sync")
        made.runs["in file"] = made.mp("query", "sql", QUERY, "--format", "json")
        made.runs["on spark"] = made.mp("query", "sql", QUERY, "--format", "json", "--on-spark")
        yield made


def test_a_sync_publishes_every_table_and_build_names_the_snapshots(shop: Shop):
    done, found = shop.runs["first"], shop.found["first"]

    assert done.returncode == 0, done.stderr
    assert {"events", "sessions", "daily_platforms", "_metadata"} <= set(found.build)
    assert found.build == found.tags
    assert found.file


def test_the_next_build_keeps_the_files_of_days_without_a_change(shop: Shop):
    first, changed = (shop.found[name].files_by_day for name in ("first", "changed"))

    assert shop.runs["changed"].returncode == 0, shop.runs["changed"].stderr
    assert shop.found["changed"].build == shop.found["changed"].tags
    # The day of the device, whose user is known now, was written once more, but not fetched.
    kept = {when for when, files in first.items() if changed.get(when) == files}
    assert kept == {day(back) for back in (9, 7, 6, 5, 4)}
    assert day(3) not in changed


def test_a_build_of_changed_days_equals_one_of_duckdb_from_scratch(shop: Shop):
    done = shop.runs["compare"]

    rows = json.loads(done.stdout)
    assert [row for row in rows if row["result"] != "equal"] == []
    assert {row["table"] for row in rows} == set(shop.found["changed"].build)
    assert next(row["rows"] for row in rows if row["table"] == "events") == 4 * (DAYS - 1) + 3
    assert done.returncode == 0


def test_readers_keep_the_last_publication_if_a_test_fails(shop: Shop):
    done = shop.runs["failed"]

    assert done.returncode == 1
    assert "no_bad_event" in done.stderr
    assert shop.found["failed"] == shop.found["changed"]
    events = shop.lake.load_table(("mx_build", "events"))
    unpublished = events.scan().to_arrow()["event"].to_pylist()
    tag = events.metadata.refs["published"].snapshot_id
    published = events.scan(snapshot_id=tag).to_arrow()["event"].to_pylist()
    assert "Bad" in unpublished
    assert "Bad" not in published


def test_a_query_on_spark_reads_what_was_published_last(shop: Shop):
    on_spark, in_file = shop.runs["on spark"], shop.runs["in file"]

    assert on_spark.returncode == 0, on_spark.stderr
    assert json.loads(on_spark.stdout) == json.loads(in_file.stdout)
    assert "Bad" not in on_spark.stdout
