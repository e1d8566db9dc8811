"""The pieces of work that are measured, each started as ``python children.py NAME ARGUMENTS``."""

import json
import os
import signal
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

from made_up_events import FIRST
from measure import report_itself

PROJECT = {"username": "bench", "secret": "bench-secret", "project_id": "1", "region": "us"}


def serve(folder: str, days: str) -> None:
    """A sandbox over the made-up days, until it gets a signal."""
    from mixpanel_data.sandbox import Dataset, Sandbox

    files = sorted(Path(folder).glob("*.ndjson.gz"))[: int(days)]
    dataset = Dataset.from_files({date.fromisoformat(file.name[:10]): file for file in files})
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    account = {name: PROJECT[name] for name in ("username", "secret", "project_id")}
    with Sandbox(dataset, **account) as sandbox:
        print(sandbox.base_url, flush=True)
        stop.wait()


def serve_profiles(count: str, changed: str) -> None:
    """A sandbox with made-up profiles, until it gets a signal."""
    from made_up_people import people

    from mixpanel_data.sandbox import Sandbox

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    account = {name: PROJECT[name] for name in ("username", "secret", "project_id")}
    with Sandbox(people(int(count), changed=int(changed)), **account) as sandbox:
        print(sandbox.base_url, flush=True)
        stop.wait()


def read_profiles(url: str, folder: str, full: str = "") -> None:
    """Ours: the profiles that are due, or all; asked for, landed, loaded, ledger."""
    import mixpanel_data.sync.load  # noqa: F401
    from mixpanel_data._internal.api_client import MixpanelAPIClient
    from mixpanel_data._internal.settings import load_settings
    from mixpanel_data.auth import Credentials
    from mixpanel_data.sync.job import Sync

    settings = load_settings({}, data_dir=folder, api_base_url=url, max_wait="2h")
    # Without the request budget: two hundred pages would take hours.
    client = MixpanelAPIClient(Credentials(**PROJECT), base_url=url)

    def work() -> dict[str, float]:
        job = Sync(settings, Credentials(**PROJECT), client=client, full_profiles=bool(full))
        report = job.run(only="profiles", build=False)
        assert not report.failures, report.failures
        return {"profiles": report.profile_reads[0].fetched_rows, "requests": report.requests}

    report_itself(work)


def limit(folder: str, days: str, compression: str, database: str) -> None:
    """DuckDB alone: the same compressed bytes from disk into the same table. No network, no proof, no ledger."""
    import duckdb

    files = [str(file) for file in sorted(Path(folder).glob("*.ndjson.gz"))[: int(days)]]
    Path(database).unlink(missing_ok=True)

    def work() -> None:
        with duckdb.connect(database) as connection:
            connection.execute("SET preserve_insertion_order = false")
            using = "" if compression == "default" else f"USING COMPRESSION {compression}"
            connection.execute(
                "CREATE TABLE events (event VARCHAR, time TIMESTAMP, distinct_id VARCHAR, insert_id VARCHAR, "
                f"properties JSON {using})"
            )
            connection.execute(
                """
                INSERT INTO events SELECT event, make_timestamp(found[1]::BIGINT * 1000), found[2], found[3], properties
                FROM (SELECT event, properties, json_extract_string(properties,
                    ['$.time', '$.distinct_id', '$."$insert_id"']) AS found
                    FROM read_json($files, format = 'newline_delimited', compression = 'gzip',
                        columns = {event: 'VARCHAR', properties: 'JSON'}))
                """,
                {"files": files},
            )

    report_itself(work)


def sync(url: str, folder: str, first: str, last: str, memory: str = "") -> None:
    """Ours: ask, land, prove, load, ledger."""
    # Imported before the clock starts, as DuckDB is for the limit.
    import mixpanel_data.sync.load  # noqa: F401
    from mixpanel_data._internal.settings import load_settings
    from mixpanel_data.auth import Credentials
    from mixpanel_data.sync.job import Sync

    settings = load_settings({}, data_dir=folder, api_base_url=url, memory_limit=memory or None)

    def work() -> dict[str, float]:
        report = Sync(settings, Credentials(**PROJECT)).run(
            first=date.fromisoformat(first),
            last=date.fromisoformat(last),
            only="events",
            build=False,
        )
        assert not report.failures, report.failures
        return {"events": report.events, "requests": report.requests}

    report_itself(work)


SETTINGS = {
    "event_properties": [
        {"name": "price", "alias": "price", "type": "number"},
        {"name": "plan", "alias": "plan", "type": "string"},
    ],
    "funnels": [
        {"name": "buying", "steps": ["Page View", "Product Viewed", "Checkout", "Purchase"]},
        {"name": "by os", "steps": ["Search", "Purchase"], "counting": "totals", "segment": "os"},
    ],
    "attributions": [{"name": "sales", "conversion_events": ["Purchase"]}],
}
"""What the figures of `marts` are measured with."""

EVERYTHING = {
    "event_properties": [
        {"name": "price", "alias": "price", "type": "number"},
        {"name": "plan", "alias": "plan", "type": "string"},
        {"name": "company", "alias": "company", "type": "string"},
    ],
    "segments": [
        {"name": "country", "column": "country_code"},
        {"name": "plan", "column": "plan"},
        {"name": "buyers", "column": "cohort.buyers"},
    ],
    "cohorts": [
        {
            "name": "buyers",
            "conditions": [{"events": ["Purchase"], "at_least": 2, "days": 30}],
        },
        {
            "name": "silent",
            "conditions": [
                {"events": ["Page View"], "at_least": 5},
                {"events": ["Purchase"], "days": 7, "negate": True},
            ],
        },
    ],
    "retentions": [
        {"name": "any event by day", "unit": "day", "intervals": 30},
        {"name": "any event by week", "unit": "week", "intervals": 12, "segment": "os"},
        {"name": "any event by month", "unit": "month", "intervals": 6},
        {
            "name": "buyers",
            "birth_events": ["Signup"],
            "return_events": ["Purchase"],
            "unit": "week",
            "intervals": 8,
            "value": "price",
        },
    ],
    "funnels": [
        {"name": "buying", "steps": ["Page View", "Product Viewed", "Checkout", "Purchase"]},
        {
            "name": "by os",
            "steps": ["Search", "Purchase"],
            "counting": "totals",
            "segment": "os",
            "per": "month",
        },
    ],
    "attributions": [{"name": "sales", "conversion_events": ["Purchase"]}],
    "metrics": [
        {"name": "orders", "events": ["Purchase"], "segments": ["country_code"]},
        {"name": "buyers", "events": ["Purchase"], "measure": "unique", "units": ["day", "week"]},
        {"name": "price", "events": ["Purchase"], "measure": "median", "of": "price"},
    ],
    "revenue": [{"name": "sales", "events": ["Purchase"], "amount": "price"}],
    "group_keys": ["company"],
    "experiment_metrics": [{"name": "buying", "events": ["Purchase"], "value": "price"}],
    "impacts": [
        {"name": "search", "events": ["Search"], "outcome_events": ["Purchase"], "days": 7}
    ],
    "signals": [
        {
            "name": "buying",
            "goal_events": ["Purchase"],
            "first_days": 3,
            "goal_days": 14,
            "times": [1, 3],
        }
    ],
}
"""Each variable that adds tables, or rows to them."""

VARIABLES = {"some": SETTINGS, "none": {}, "all": EVERYTHING}


def build(folder: str, memory: str = "", variables: str = "some") -> None:
    """``dbt build`` of all tables and their tests, with some, none or all variables configured."""
    from dbt.cli.main import dbtRunner

    scratch = Path(folder) / "build"
    scratch.mkdir(exist_ok=True)
    os.environ |= {"MP_DATA_DIR": folder, "DBT_LOG_PATH": folder, "DO_NOT_TRACK": "1"}
    if memory:
        os.environ["MP_MEMORY_LIMIT"] = memory
    project = str(Path(__file__).parents[2] / "dbt")

    def work() -> dict[str, float]:
        done = dbtRunner().invoke(
            [
                *("--quiet", "build", "--exclude-resource-type", "unit_test"),
                *("--project-dir", project, "--profiles-dir", project),
                *(
                    "--target-path",
                    str(scratch / "target"),
                    "--vars",
                    json.dumps(VARIABLES[variables]),
                ),
            ]
        )
        assert done.success, done.exception
        results = json.loads((scratch / "target" / "run_results.json").read_bytes())
        return {"elapsed": results["elapsed_time"], "nodes": len(results["results"])}

    report_itself(work)


def last_day(days: int) -> date:
    """The last of the made-up days."""
    return FIRST + timedelta(days=days - 1)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
