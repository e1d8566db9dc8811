"""The engine `spark` from outside: an installed wheel, in a project of its own, with a Spark session on this machine."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.installed import Environment, user_environment, wheel_of

from mixpanel_data._internal.project.models import checkout_root
from mixpanel_data.sandbox import Dataset, Sandbox

DAYS = 9
REFETCHED = 3
DEVICE = "device of u9"
FAILS_IF_BAD = "select * from {{ ref('mixpanel_data', 'events') }} where event = 'Bad'"
ENGINE = """
[engine]
kind = "spark"
catalog = "sqlite:///{folder}/catalog.sqlite"
warehouse = "{folder}/warehouse"
"""
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
    """A project in ``folder``, whose events are in a sandbox, and an environment with the wheel."""

    folder: Path
    sandbox: Sandbox
    installed: Environment
    env: dict[str, str]
    runs: dict[str, "subprocess.CompletedProcess[str]"] = field(default_factory=dict)
    found: dict[str, Publication] = field(default_factory=dict)
    files: set[Path] = field(default_factory=set)
    """Those of `mp init`, and of its owner."""
    files_after: set[Path] = field(default_factory=set)
    """Those after all runs of `mp`."""

    def run_program(self, name: str, *command: str, **env: str) -> None:
        self.runs[name] = self.installed.run(self.folder, *command, env=self.env | env)

    @property
    def lake(self) -> Any:
        from mixpanel_data._internal.settings import load_settings
        from mixpanel_data.destinations.iceberg.catalog import open_lake

        return open_lake(load_settings({"MP_PROJECT_DIR": str(self.folder)})).catalog

    def files_but_data(self) -> set[Path]:
        """The files and folders in the project, but for those in its data folder."""
        return {
            path.relative_to(self.folder)
            for path in self.folder.rglob("*")
            if "data" not in path.relative_to(self.folder).parts
        }

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

    def sync(self, name: str) -> None:
        self.run_program(name, "mp", "sync")
        self.found[name] = self.publication()


def day(back: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=back)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A project that was synced three times: at first; after days changed; and with a test that fails."""
    from support.spark.local import write_conf

    folder = tmp_path_factory.mktemp("shop")
    installed = Environment(folder / "venv")
    root = checkout_root()
    assert root
    installed.install(wheel_of(root, folder / "dist"))
    with Sandbox(Dataset()) as sandbox:
        env = {
            **user_environment(),
            **sandbox.env(),
            "MP_START_DATE": str(day(DAYS)),
            "MP_LOOKBACK_DAYS": str(REFETCHED),
            "SPARK_CONF_DIR": str(write_conf(folder / "conf")),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "HOME": str(folder / "home"),
        }
        made = Shop(folder / "project", sandbox, installed, env)
        done = installed.run(folder, "mp", "init", made.folder, env=env)
        assert done.returncode == 0, done.stderr
        with (made.folder / ".dlt" / "config.toml").open("a") as file:
            file.write(ENGINE.format(folder=folder))
        (made.folder / "tests" / "no_bad_event.sql").write_text(FAILS_IF_BAD)
        made.files = made.files_but_data()
        for back in range(1, DAYS + 1):
            for number in range(4):
                made.add(back, "Viewed", f"u{number}", number, price=number / 3)
        # u9, before it was known
        made.add(8, "Viewed", f"$device:{DEVICE}", **{"$device_id": DEVICE})
        made.run_program("doctor", "mp", "doctor", "--format", "json")
        made.sync("first")

        made.add(1, "Signed in", "u9", **{"$device_id": DEVICE, "$user_id": "u9"})
        made.add(2, "Came late", "u1")
        sandbox.dataset.remove_events(lambda event: event.day == day(3))
        made.sync("changed")
        made.run_program("compare", "mp", "engine", "compare", "--format", "json")

        made.add(1, "Bad", "u1")
        made.sync("failed")
        query = ("mp", "query", "sql", QUERY, "--format", "json")
        made.run_program("in file", *query)
        made.run_program("on spark", *query, "--on-spark")
        made.run_program("status", "mp", "status", "--max-age", "36h", "--format", "json")
        made.files_after = made.files_but_data()
        made.run_program(
            "freshness",
            *("python", "-c", "from dbt.cli.main import cli; cli()", "source", "freshness"),
            MP_DBT_TARGET="ledger",
            DBT_PROFILES_DIR=".mixpanel_data",
        )
        made.run_program("package", "python", "-c", "import mixpanel_data as m; print(m.__file__)")
        yield made


def test_the_package_is_that_of_the_wheel(shop: Shop):
    place = Path(shop.runs["package"].stdout.strip())

    assert place.is_relative_to(shop.installed.folder)
    assert place.parts[-3:] == ("site-packages", "mixpanel_data", "__init__.py")


def test_doctor_reads_and_writes_a_table_of_the_catalog_by_a_session(shop: Shop):
    done = shop.runs["doctor"]

    found = {row["what"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert "read and wrote a table of the catalog" in found["spark session"]["value"]
    assert {row["state"] for what, row in found.items() if "spark" in what} == {"ok"}


def test_nothing_is_left_in_the_folder_from_which_mp_was_started(shop: Shop):
    assert shop.files_after == shop.files
    assert {path.name for path in (shop.folder / "data").iterdir()} == {
        *(".lock", "budget", "build", "dlt", "landing"),
        *("ledger.duckdb", "mixpanel.duckdb", "runs.jsonl"),
    }


def test_status_and_dbt_find_the_data_fresh_although_the_last_build_failed(shop: Shop):
    status, freshness = shop.runs["status"], shop.runs["freshness"]

    assert json.loads(status.stdout)["complete_up_to"] == str(day(1))
    assert status.returncode == 0, status.stderr
    assert "PASS freshness of mixpanel.events" in freshness.stdout
    assert freshness.returncode == 0


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
