"""``mp`` from outside."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support.crash import by_hand

from mixpanel_data.sandbox.faults import Fault, FaultKind

from .conftest import SECRET


def test_help_names_every_command(mp):
    done = mp("--help")

    assert done.returncode == 0
    for command in (
        *("demo", "sync", "plan", "status", "reconcile", "doctor"),
        *("sandbox", "auth", "query", "report", "export", "backup", "restore"),
    ):
        assert command in done.stdout


def test_help_imports_nothing_heavy(mp):
    code = (
        "import sys; from mixpanel_data.cli.app import run; run(['--help']); "
        "sys.exit(','.join({'dlt','duckdb','httpx','pydantic','starlette','rich.console','jinja2','vl_convert'} & set(sys.modules)) or 0)"
    )

    done = mp("-c", code, program="python")

    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.e2e
def test_the_job_by_one_command_and_promise_8_in_every_file_it_leaves(mp, shop, tmp_path):
    days = shop.dataset.days()
    done = mp("sync", "--from", str(days[0]), "--format", "json", env=shop.env())

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    truth = sum(len(shop.dataset.events_on(day)) for day in days)
    assert (report["days_loaded"], report["events"], report["failures"]) == (12, truth, [])
    assert report["profiles"] == len({str(p.distinct_id) for p in shop.dataset.profiles()})

    status = json.loads(mp("status", "--format", "json").stdout)
    assert (status["days_loaded"], status["events"], status["gaps"]) == (12, truth, [])

    second = json.loads(mp("sync", "--format", "json", env=shop.env()).stdout)
    assert second["days_loaded"] == 5

    rows = json.loads(
        mp("query", "sql", "SELECT count(*) AS n FROM events", "--format", "json").stdout
    )
    assert rows == [{"n": report["tables"]["events"]}]

    sql = "SELECT event, time, properties FROM events WHERE properties::VARCHAR LIKE '%🎉%' OR true ORDER BY ALL LIMIT 3"
    lines = mp("query", "sql", sql, "--format", "jsonl").stdout.splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [["event", "properties", "time"]] * 3
    table = list(csv.reader(io.StringIO(mp("query", "sql", sql, "--format", "csv").stdout)))
    assert (table[0], len(table)) == (["event", "time", "properties"], 4)
    assert "events" in mp("query", "sql", "SELECT 'events' AS what").stdout

    page = Path(mp("report").stdout.strip()).read_text(encoding="utf-8")
    assert f"Complete up to {days[-1]:%a} {days[-1].day} {days[-1]:%b %Y}." in page
    assert "This file has no table" not in page

    assert SECRET not in done.stdout + done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"dbt.log", "results.json", "raw.duckdb", "trace.pickle"} <= {f.name for f in files}
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.e2e
def test_the_same_load_by_dlts_command_and_a_copy_by_the_script(mp, shop, tmp_path):
    root = tmp_path / "project"
    (root / ".dlt").mkdir(parents=True)
    checkout = Path(__file__).parents[3]
    (root / ".dlt" / "config.toml").write_text((checkout / ".dlt" / "config.toml").read_text())
    first, last = (str(shop.dataset.days()[n]) for n in (0, 2))

    ran = mp(
        "pipeline",
        "mixpanel",
        "run",
        "--from",
        first,
        "--to",
        last,
        program="dlt",
        env=shop.env(),
        cwd=root,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(mp("status", "--format", "json", cwd=root).stdout)["days_loaded"] == 3

    info = mp("pipeline", "mixpanel", "info", program="dlt", cwd=root)
    assert (info.returncode, "events with 1 table(s)" in info.stdout) == (0, True)
    trace = mp("pipeline", "mixpanel", "trace", program="dlt", cwd=root)
    assert (trace.returncode, "COMPLETED" in trace.stdout) == (0, True)

    # Its state is in its own database: it fetches the days that the data folder has, too.
    script = checkout / "pipelines" / "mixpanel_pipeline.py"
    env = {**shop.env(), "MP_START_DATE": first}
    ran = mp(str(script), program="python", env=env, cwd=root)
    assert ran.returncode == 0, ran.stderr
    with duckdb.connect(str(root / "mixpanel_copy.duckdb"), read_only=True) as connection:
        days = "SELECT count(DISTINCT window_start) FROM mixpanel._metadata WHERE table_name = 'events'"
        assert connection.execute(days).fetchall() == [(12,)]
    assert json.loads(mp("status", "--format", "json", cwd=root).stdout)["days_loaded"] == 3


def test_an_incomplete_day_ends_with_6_and_says_what_to_do(mp, shop):
    first, bad = shop.dataset.days()[-6], shop.dataset.days()[-6]
    shop.faults.add(Fault(FaultKind.TERMINATED_EARLY, from_date=bad, to_date=bad, times=3))

    done = mp(
        "sync",
        "--from",
        str(first),
        "--only",
        "events",
        "--no-build",
        "--format",
        "json",
        env=shop.env(),
    )

    assert done.returncode == 6
    error = json.loads(done.stderr.splitlines()[-1])
    assert (error["code"], error["details"]["from_date"]) == ("INCOMPLETE_EXPORT", str(bad))
    assert f"--from {bad}" in error["message"]
    assert json.loads(done.stdout)["days_loaded"] == 5
    gaps = json.loads(mp("status", "--format", "json").stdout)["gaps"]
    assert gaps == [{"from_date": str(bad), "to_date": str(bad)}]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("sync", "--from", "yesterday"), 3, "YYYY-MM-DD"),
        (("sync", "--from", "2026-02-30"), 3, "2026-02-30"),
        (("sync", "--from", "2026-01-02", "--to", "2026-01-01"), 3, "after"),
        (("sync", "--from", "2999-01-01", "--to", "2999-01-02"), 3, "2999"),
        (("sync", "--only", "cohorts"), 3, "cohorts"),
        (("sync", "--nonsense"), 3, "--nonsense"),
        (("nonsense",), 3, "nonsense"),
        (("query", "sql", "SELECT 1"), 4, "mp sync"),
        (("export", "--format", "parquet"), 3, "parquet"),
        (("export",), 4, "mp sync"),
    ],
)
def test_bad_arguments_are_named(mp, shop, arguments, code, says):
    done = mp(*arguments, env=shop.env())

    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_credentials_are_an_error_that_names_both_remedies(mp):
    done = mp("sync")

    assert done.returncode == 3
    assert "mp auth add" in done.stderr
    assert "MP_USERNAME" in done.stderr


def test_an_unknown_account_is_not_found(mp):
    assert mp("sync", "--account", "nobody").returncode == 4
    assert mp("auth", "show", "nobody").returncode == 4


def test_refused_credentials_end_with_2(mp, shop):
    done = mp(
        "sync",
        "--from",
        str(shop.dataset.days()[-1]),
        env=shop.env() | {"MP_SECRET": "Wr0ng-secret"},
    )

    assert done.returncode == 2
    assert "Wr0ng-secret" not in done.stderr + done.stdout


def test_a_rate_limit_ends_with_5(mp, shop):
    shop.faults.add(Fault(FaultKind.STATUS_429, retry_after=1800, times=1))

    done = mp("sync", "--from", str(shop.dataset.days()[-1]), "--no-build", env=shop.env())

    assert done.returncode == 5


def test_a_locked_folder_ends_with_7_and_names_the_holder(mp, shop, tmp_path):
    from mixpanel_data._internal.data_folder.lock import exclusive
    from mixpanel_data._internal.data_folder.paths import DataFolder

    with exclusive(DataFolder.at(tmp_path / "data")):
        done = mp("sync", "--lock-wait", "0.5", env=shop.env())

    assert done.returncode == 7
    assert "pytest" in done.stderr or "python" in done.stderr


def test_accounts_are_kept_listed_and_forgotten(mp):
    add = ("auth", "add", "production", "-u", "sa", "-p", "1", "-r", "EU", "--secret-stdin")
    assert mp(*add, stdin=f"{SECRET}\n").returncode == 0
    assert (
        mp(
            "auth", "add", "other", "-u", "sb", "-p", "2", "-r", "us", "--secret-stdin", stdin="x\n"
        ).returncode
        == 0
    )
    assert mp(*add, stdin="y\n").returncode == 3

    accounts = json.loads(mp("auth", "list", "--format", "json").stdout)
    assert [(a["name"], a["region"], a["is_default"]) for a in accounts] == [
        ("production", "eu", True),
        ("other", "us", False),
    ]
    assert mp("auth", "default", "other").returncode == 0
    shown = mp("auth", "show", "production", "--format", "json")
    assert json.loads(shown.stdout)["is_default"] is False
    assert SECRET not in shown.stdout
    assert mp("auth", "remove", "production").returncode == 0
    assert [a["name"] for a in json.loads(mp("auth", "list", "--format", "json").stdout)] == [
        "other"
    ]


def test_doctor_says_what_won_and_hides_the_secret(mp, shop):
    done = mp("doctor", "--format", "json", env=shop.env() | {"MP_LOOKBACK_DAYS": "9"})

    assert done.returncode == 0
    checks = {check["what"]: (check["value"], check["from"]) for check in json.loads(done.stdout)}
    assert checks["lookback_days"] == ("9", "MP_LOOKBACK_DAYS")
    assert checks["username"][1] == "environment"
    assert "answers" in checks["mixpanel"][0]
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        ([], "includes the query API"),
        ([FaultKind.STATUS_402], "has no query API"),
        ([FaultKind.STATUS_500], "SERVER_ERROR"),
    ],
)
def test_doctor_says_whether_the_plan_includes_reports(mp, shop, tmp_path, refused, says):
    (tmp_path / "data").mkdir()
    for kind in refused:
        shop.faults.add(Fault(kind, path="/api/query/events/names"))
    shop.requests.clear()

    done = mp("doctor", "--format", "json", env=shop.env())

    checks = {check["what"]: check for check in json.loads(done.stdout)}
    assert says in checks["plan"]["value"]
    assert (done.returncode, checks["mixpanel"]["state"]) == (0, "ok")
    assert len(shop.requests.to("/api/query/events/names")) == 1


@pytest.mark.parametrize(
    ("refused", "names", "says"),
    [
        ([], set(), ("none of events", "ok")),
        ([], {"email"}, ("No loaded event has email.", "warning")),
        ([FaultKind.STATUS_500], {"email"}, ("not known. SERVER_ERROR", "ok")),
    ],
)
def test_doctor_names_classified_properties_that_no_event_has(
    mp, shop, tmp_path, refused, names, says
):
    (tmp_path / "data").mkdir()
    with duckdb.connect(str(tmp_path / "data" / "mixpanel.duckdb")) as db:
        db.sql("CREATE TABLE property_catalog AS SELECT 'Bought' AS event, 'plan' AS property")
        db.sql("CREATE TABLE events AS SELECT now()::TIMESTAMP AS time, '{}'::JSON AS properties")
    shop.dataset.saved.classified["Event"] = names
    for kind in refused:
        project = shop.credentials.project_id
        path = f"/api/app/projects/{project}/data-definitions/properties/"
        shop.faults.add(Fault(kind, path=path, times=None))

    done = mp("doctor", "--format", "json", env=shop.env())

    checks = {check["what"]: check for check in json.loads(done.stdout)}
    found = checks["classified properties"]
    assert (says[0] in found["value"], found["state"]) == (True, says[1]), found


@pytest.mark.parametrize(
    ("basis", "hours", "says"),
    [
        ("utc", -5, "5 h behind the time"),
        ("utc", 0, "fit MP_TIME_BASIS=utc"),
        ("project", 2, "utc, or another"),
    ],
)
def test_doctor_warns_when_times_look_like_those_of_the_other_basis(
    mp, shop, tmp_path, basis, hours, says
):
    (tmp_path / "data").mkdir()
    with duckdb.connect(str(tmp_path / "data" / "mixpanel.duckdb")) as connection:
        connection.execute(
            f"""
            CREATE TABLE events AS SELECT moment AS time, json_object('mp_processing_time_ms',
                epoch_ms(moment) + 3000 - {hours} * 3600000) AS properties
            FROM (SELECT TIMESTAMP '2026-03-01' + to_minutes(i) AS moment FROM range(500) AS r(i))
            """
        )

    done = mp("doctor", "--format", "json", env=shop.env() | {"MP_TIME_BASIS": basis})

    checks = {check["what"]: check["value"] for check in json.loads(done.stdout)}
    assert says in checks["event times"]
    assert checks["event times"].startswith("WARNING") == bool(hours)


def test_wrong_sql_is_a_json_error_when_json_was_asked_for(mp, shop, tmp_path):
    last = str(shop.dataset.days()[-1])
    sync = ("sync", "--from", last, "--only", "events", "--no-build")
    assert mp(*sync, env=shop.env()).returncode == 0
    by_hand.build_and_publish(tmp_path / "data")

    done = mp("query", "sql", "SELECT nonsense FROM events", "--format", "json")

    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "QUERY_FAILED"
    assert mp("query", "sql", "DROP TABLE events").returncode == 1
    assert mp("query", "sql", "COPY events TO 'x.csv'").returncode == 1


def test_a_setting_that_is_no_good_is_named(mp):
    done = mp("status", env={"MP_TIME_BASIS": "local"})

    assert (done.returncode, "MP_TIME_BASIS" in done.stderr) == (3, True)


def test_yesterday_is_the_last_day_without_dates(mp, shop):
    first = shop.dataset.days()[-2]
    mp("sync", "--no-build", "--only", "events", env=shop.env() | {"MP_START_DATE": str(first)})

    status = json.loads(mp("status", "--format", "json").stdout)

    assert (status["first_day"], status["last_day"]) == (str(first), str(first + timedelta(days=1)))
