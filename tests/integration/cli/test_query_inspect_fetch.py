"""Every question that `mp` can ask, in this process: another one for each would take minutes."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from integration.workspace.conftest import once

from mixpanel_data.cli.app import run
from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.sandbox.faults import Fault, FaultKind


class Result(NamedTuple):
    """A command's exit code and output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output, one line of JSON."""
        assert (self.code, self.out.count("\n")) == (0, 1), self
        return json.loads(self.out)


Mp = Callable[..., Result]


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return Dataset.sample(days=12, users=60)


@pytest.fixture
def shop(sample: Dataset) -> Iterator[Sandbox]:
    with Sandbox(sample.copy()) as sandbox:
        yield sandbox


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in which something is published."""
    folder = tmp_path / "data"
    folder.mkdir()
    with duckdb.connect(str(folder / "mixpanel.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE sessions AS SELECT i AS id, '🎉 x' AS name FROM range(5) t(i)"
        )
        connection.execute("COMMENT ON COLUMN sessions.id IS 'Its number.'")
        connection.execute(
            "COMMENT ON TABLE sessions IS 'The sessions. Of users.\nGrain: one row per session.\nKeys: id.\n"
            "Caveats: Few.\nExample questions: How long? How many?'"
        )
    return folder


@pytest.fixture
def mp(
    shop: Sandbox,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Mp:
    for name, value in (shop.env() | {"MP_DATA_DIR": str(data)}).items():
        monkeypatch.setenv(name, value)

    def mp(*arguments: str) -> Result:
        capsys.readouterr()
        code = run(arguments)
        return Result(code, *capsys.readouterr())

    return mp


@pytest.fixture
def days(sample: Dataset) -> tuple[str, ...]:
    return ("--from", str(sample.days()[0]), "--to", str(sample.days()[-1]))


@pytest.fixture
def name(sample: Dataset) -> str:
    return sample.events_on(sample.days()[0])[0].name


def test_the_project_is_inspected(mp, sample, name):
    names = {e.name for day in sample.days() for e in sample.events_on(day)}

    assert set(mp("inspect", "events", "--format", "json").json) == names
    assert mp("inspect", "events", "--format", "csv").out.splitlines()[0] == "name"
    lines = mp("inspect", "events", "--format", "jsonl").out.splitlines()
    assert {json.loads(line) for line in lines} == names
    properties = mp("inspect", "properties", name, "--format", "json").json
    assert "$browser" in properties or "distinct_id" in properties or properties
    values = mp("inspect", "values", name, properties[0], "--limit", "3", "--format", "json").json
    assert len(values) <= 3
    top = mp("inspect", "top-events", "--limit", "5", "--format", "json").json
    assert isinstance(top, list)
    for what in ("funnels", "cohorts", "bookmarks", "lexicon"):
        assert isinstance(mp("inspect", what, "--format", "json").json, list)
        assert mp("inspect", what).code == 0


def test_reports_are_asked_for(mp, shop, sample, name, days):
    report = mp("query", "segmentation", name, *days, "--format", "json").json
    truth = sum(e.name == name for day in sample.days() for e in sample.events_on(day))
    assert (report["event"], report["series"].keys()) == (name, {name})
    assert 0 < report["total"] <= truth

    table = mp("query", "segmentation", name, *days, "--on", "$browser", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert list(rows[0]) == ["date", "segment", "count"]
    line = mp(
        "query", "event-counts", name, "nothing", *days, "--format", "jsonl"
    ).out.splitlines()[0]
    assert sorted(json.loads(line)) == ["count", "date", "event"]
    counts = mp(
        "query", "property-counts", name, "$browser", *days, "--limit", "2", "--format", "json"
    )
    assert counts.json["property_name"] == "$browser"
    for aggregate in ("buckets", "sum", "average"):
        asked = ("query", "numeric", name, "mp_processing_time_ms", *days, "--aggregate", aggregate)
        assert mp(*asked, "--format", "json").json["event"] == name
    kept = mp("query", "retention", name, *days, "--unit", "week", "--format", "json").json
    assert kept["born_event"] == name
    often = mp(
        "query", "frequency", *days, "--unit", "week", "--per", "day", "--format", "json"
    ).json
    assert often["addiction_unit"] == "day"


def test_saved_reports_and_single_users_are_asked_for(mp, shop, sample, days, tmp_path):
    funnels = mp("inspect", "funnels", "--format", "json").json
    if funnels:
        funnel = mp("query", "funnel", str(funnels[0]["funnel_id"]), *days, "--format", "json").json
        assert funnel["steps"]
    reports = mp("inspect", "bookmarks", "--type", "insights", "--format", "json").json
    if reports:
        asked = mp("query", "insights", str(reports[0]["id"]), "--format", "json")
        assert asked.json["bookmark_id"] == reports[0]["id"]
    user = str(next(iter(sample.profiles())).distinct_id)
    feed = mp("query", "activity", user, *days, "--format", "json")
    assert feed.json["distinct_ids"] == [user]
    assert "in maintenance" in feed.err
    assert mp("query", "activity", user, *days, "--quiet").err == ""


def test_fetched_tables_are_asked_by_sql(mp, sample, days, data):
    result = mp("fetch", "events", *days, "--format", "json").json
    truth = len(once(list(sample.events())))
    assert (result["rows"], result["table"], result["type"]) == (truth, "events", "events")
    more = mp("fetch", "events", *days, "--append", "--name", "events", "--format", "json").json
    assert more["rows"] == truth
    people = mp("fetch", "profiles", "--property", "$name", "--name", "people", "--quiet")
    assert (people.code, people.err) == (0, "")

    count = mp("query", "sql", "SELECT count(*) AS n FROM people", "--format", "json").json
    assert count == [{"n": len({str(p.distinct_id) for p in sample.profiles()})}]
    tables = mp("inspect", "tables", "--format", "json").json
    assert [(table["name"], table["type"]) for table in tables] == [
        ("events", "events"),
        ("people", "profiles"),
        ("sessions", "table"),
    ]
    assert mp("fetch", "events", *days).code == 1
    assert sorted(file.name for file in data.glob("*.duckdb*")) == [
        "mixpanel.duckdb",
        "workspace.duckdb",
    ]


def test_a_cohorts_profiles_are_fetched(mp, sample):
    cohorts = mp("inspect", "cohorts", "--format", "json").json
    few = min((each for each in cohorts if each["count"]), key=lambda each: each["count"])

    result = mp("fetch", "profiles", "--cohort", str(few["id"]), "--format", "json").json

    assert result["rows"] == few["count"] < len(sample.profiles())
    noted = mp("query", "sql", "SELECT filter_cohorts FROM _metadata", "--format", "json").json
    assert noted == [{"filter_cohorts": [few["id"]]}]
    refused = mp("fetch", "profiles", "--cohort", "99", "--name", "other")
    assert (refused.code, "no cohort 99" in refused.err) == (1, True)


def test_a_list_of_nothing_still_has_its_columns(mp, shop):
    shop.dataset.saved.funnels.clear()

    assert mp("inspect", "funnels", "--format", "csv").out == "funnel_id,name\n"
    assert mp("inspect", "funnels").out.split()[:2] == ["funnel_id", "name"]
    assert mp("inspect", "funnels", "--format", "json").json == []
    assert mp("inspect", "funnels", "--format", "jsonl").out == ""


def test_the_lexicon_is_a_line_for_each_entry(mp):
    rows = list(csv.DictReader(io.StringIO(mp("inspect", "lexicon", "--format", "csv").out)))
    entries = mp("inspect", "lexicon", "--format", "json").json

    assert [row["name"] for row in rows] == [entry["name"] for entry in entries]
    assert [row["properties"].split(", ") for row in rows if row["properties"]] == [
        list(entry["definition"]["properties"])
        for entry in entries
        if entry["definition"]["properties"]
    ]


def test_rates_are_rounded_in_text_and_exact_in_json(mp, name, days):
    asked = ("query", "retention", name, *days, "--unit", "week", "--periods", "1")

    cells = [each for each in mp(*asked).out.split() if each.startswith("0.")]
    whole = [
        each
        for each in mp(*asked, "--format", "csv").out.replace("\n", ",").split(",")
        if each.startswith("0.")
    ]
    assert [float(each) for each in cells] == [round(float(each), 4) for each in whole]
    assert max(map(len, whole)) > 6 >= max(map(len, cells))


def test_every_option_of_a_report_reaches_mixpanel(mp, shop, name, days):
    funnel = str(mp("inspect", "funnels", "--format", "json").json[0]["funnel_id"])
    shop.requests.clear()
    for asked in (
        ("query", "segmentation", name, *days, "--type", "unique", "--interval", "3"),
        ("query", "numeric", name, "time", *days, "--aggregate", "buckets", "--type", "unique"),
        ("query", "funnel", funnel, *days, "--on", "$browser", "--limit", "2", "--length", "1", "--length-unit", "day"),
        ("query", "retention", name, *days, "--return", name, "--type", "compounded", "--unbounded", "--interval", "2"),
        ("query", "frequency", *days, "--on", "$browser", "--limit", "2"),
    ):  # fmt: skip
        done = mp(*asked, "--format", "csv")
        assert (done.code, done.out.count("\n") > 1) == (0, True), asked
    sent = {name for call in shop.requests for name in call.params}
    assert sent >= {
        "interval",
        "type",
        "length",
        "length_unit",
        "limit",
        "retention_type",
        "unbounded_retention",
    }
    assert mp("query", "numeric", name, "time", *days, "--type", "unique").code == 3


def test_wrong_usage_is_json_where_json_was_asked_for(mp):
    for asked in (
        ("query", "segmentation"),
        ("inspect", "events", "--nothing"),
        ("inspect", "sample", "events", "--rows", "0"),
    ):
        refused = mp(*asked, "--format", "json")
        assert (refused.code, refused.out) == (3, "")
        assert json.loads(refused.err)["code"] == "CONFIG_ERROR"


def test_a_warning_is_a_sentence(mp, name, days, monkeypatch):
    result = mp("query", "event-counts", name, f"{name}x", *days, "--format", "json")
    assert result.json["events"] == [name, f"{name}x"]
    assert result.err == f"Warning: Unknown event '{name}x', did you mean '{name}'?\n"

    monkeypatch.setenv("MP_ACCOUNT", "nobody")
    result = mp("auth", "test", "--format", "json")
    assert (result.code, result.err.count("\n"), result.err.split()[0]) == (0, 1, "Warning:")


def test_tables_are_inspected_without_an_account(mp, monkeypatch, shop):
    for variable in shop.env():
        monkeypatch.delenv(variable)

    assert mp("inspect", "schema", "sessions", "--format", "jsonl").out.splitlines()[0] == (
        '{"name": "id", "type": "BIGINT", "nullable": true, "comment": "Its number."}'
    )
    assert len(mp("inspect", "sample", "sessions", "--rows", "2", "--format", "json").json) == 2
    summary = mp("inspect", "summarize", "sessions", "--format", "json").json
    assert [row["column_name"] for row in summary] == ["id", "name"]
    info = mp("inspect", "info", "--format", "json").json
    assert (info["tables"], info["project_id"]) == (["sessions"], None)
    assert "🎉 x" in mp("inspect", "sample", "sessions").out
    assert mp("inspect", "schema", "nothing").code == 4
    assert mp("inspect", "events").code == 3


def test_tables_explain_themselves(mp):
    (table,) = mp("inspect", "tables", "--format", "json").json
    assert (table["description"], table["grain"]) == ("The sessions.", "one row per session")
    listed = mp("inspect", "tables").out
    assert listed.split("\n")[1].split() == ["name", "rows", "one", "row", "per", "description"]
    assert listed.split("\n")[3].split() == ["sessions", "5", "session", "The", "sessions."]

    described = mp("inspect", "describe", "sessions")
    for text in ("The sessions. Of users.", "Grain: one row per session", "Keys: id", "Caveats: Few.",
                 "  How long?\n  How many?\n", "Its number."):  # fmt: skip
        assert text in described.out, text
    schema = mp("inspect", "describe", "sessions", "--format", "json").json
    assert (schema["keys"], schema["questions"]) == (["id"], ["How long?", "How many?"])
    assert mp("inspect", "schema", "sessions", "--format", "json").json == schema
    assert mp("inspect", "describe", "nothing").code == 4

    assert mp("inspect", "schema", "--format", "json").json == [schema]
    assert mp("inspect", "schema", "--format", "csv").out.splitlines() == [
        "table,name,type,nullable,comment",
        "sessions,id,BIGINT,True,Its number.",
        "sessions,name,VARCHAR,True,",
    ]
    assert mp("inspect", "schema").out.split()[:5] == [
        "table",
        "name",
        "type",
        "nullable",
        "comment",
    ]


def test_sql_before_there_is_anything_says_what_to_do(mp, tmp_path):
    asked = ("query", "sql", "SELECT 1", "--data-dir", str(tmp_path / "empty"))

    refused = mp(*asked, "--format", "json")
    assert (refused.code, json.loads(refused.err)["code"]) == (4, "NOTHING_PUBLISHED")
    assert "mp sync" in mp(*asked).err


def test_columns_of_one_name_keep_their_values_in_every_format(mp):
    asked = ("query", "sql", "SELECT 'a' AS x, 'b' AS x", "--format")

    assert mp(*asked, "json").json == [{"x": "a", "x_1": "b"}]
    assert mp(*asked, "jsonl").out == '{"x": "a", "x_1": "b"}\n'
    assert mp(*asked, "csv").out == "x,x_1\na,b\n"
    assert mp(*asked, "table").out.split() == ["x", "x_1", "─" * 7, "a", "b"]


def test_sql_is_one_statement_which_may_begin_with_a_comment(mp):
    for nothing in ("", ";", "-- c"):
        refused = mp("query", "sql", nothing)
        assert (refused.code, "no statement" in refused.err) == (1, True), nothing
    two = mp("query", "sql", "SELECT 1; SELECT 2", "--format", "json")
    assert (two.code, two.out) == (1, "")
    assert "2 statements" in json.loads(two.err)["message"]
    assert mp("query", "sql", "-- c\nSELECT 1 AS n", "--format", "csv").out == "n\n1\n"
    assert mp("query", "sql", "--format", "csv", "--", "-- c\nSELECT 1 AS n").out == "n\n1\n"
    assert mp("query", "sql", "SELECT 1", "--formt", "csv").code == 3


def test_a_result_that_is_cut_says_so(mp):
    asked = ("query", "sql", "FROM range(201)")

    table = mp(*asked)
    assert (table.code, table.out.split()[-1]) == (0, "199")
    assert table.err.startswith("These are the first 200 rows; there are more.")
    assert (mp(*asked, "--quiet").err, mp(*asked, "--max-rows", "201").err) == ("", "")
    everything = mp(*asked, "--format", "csv")
    assert (everything.out.count("\n"), everything.err) == (202, "")
    few = mp(*asked, "--format", "json", "--max-rows", "2")
    assert (len(few.json), few.err.count("\n")) == (2, 1)
    assert mp(*asked, "--max-rows", "0").code == 3


def test_a_query_that_takes_too_long_is_interrupted(mp):
    asked = ("query", "sql", "SELECT count(*) FROM range(10000000000) a, range(1000)", "--timeout")

    stopped = mp(*asked, "0.2", "--format", "json")
    assert (stopped.code, stopped.out) == (1, "")
    assert json.loads(stopped.err)["code"] == "QUERY_TIMEOUT"
    assert "interrupted after 0.2 s" in stopped.err
    assert mp(*asked, "0").code == 3


def test_sql_touches_no_other_file(mp, tmp_path):
    other = tmp_path / "secret.csv"
    other.write_text("a\n1\n")

    for statement in (
        f"FROM '{other}'",
        f"ATTACH '{tmp_path / 'new.duckdb'}'",
        "SET enable_external_access = true",
        "DROP TABLE sessions",
    ):
        refused = mp("query", "sql", statement, "--format", "json")
        assert (refused.code, json.loads(refused.err)["code"]) == (1, "QUERY_FAILED")


def test_an_account_is_tried(mp, shop, monkeypatch):
    found = mp("auth", "test", "--format", "json").json
    assert found["project_id"] == shop.credentials.project_id
    assert shop.credentials.secret not in json.dumps(found)

    monkeypatch.setenv("MP_SECRET", "Wr0ng")
    refused = mp("auth", "test", "--format", "json")
    assert (refused.code, json.loads(refused.err)["code"]) == (2, "AUTH_FAILED")
    assert mp("auth", "test", "nobody").code in (2, 4)


def test_exit_codes(mp, shop, name, days, sample):
    first, last = sample.days()[0], sample.days()[-1]
    assert mp("query", "segmentation", name).code == 3
    assert mp("query", "segmentation", name, "--from", str(last), "--to", str(first)).code == 3
    assert mp("query", "segmentation", name, *days, "--unit", "year").code == 3
    assert mp("query", "funnel", "seven", *days).code == 3
    assert mp("query", "jql", "no-such-file.js").code == 3
    assert mp("fetch", "events", "--from", "soon", "--to", str(last)).code == 3
    assert mp("fetch", "profiles", "--append", "--name", "nothing").code == 4

    shop.faults.add(Fault(FaultKind.CUT_GZIP, day=last - timedelta(days=1), times=30))
    faulty = mp("fetch", "events", *days, "--format", "json")
    assert (faulty.code, faulty.out) == (6, "")
    assert json.loads(faulty.err)["code"] == "INCOMPLETE_EXPORT"
    assert mp("inspect", "tables", "--format", "json").json[0]["name"] == "sessions"


def test_a_line_that_cant_be_read_is_counted_and_named(mp, shop, sample):
    last = max(sample.days())
    shop.faults.add(Fault(FaultKind.MALFORMED_MIDDLE_LINE, day=last, times=30))
    days = ["--from", str(last), "--to", str(last)]

    shown = mp("fetch", "events", *days, "--format", "csv", "--name", "one")
    as_json = mp("fetch", "events", *days, "--format", "json", "--name", "two")

    rows = dict(csv.reader(io.StringIO(shown.out)))
    assert (shown.code, rows["rejected"], rows["repaired"]) == (0, "1", "0")
    [line] = as_json.json["rejected"]
    assert f"{last} line {line['line_number']}: not valid JSON" in shown.err
    assert "_rejected" in shown.err
    asked = mp("query", "sql", "SELECT DISTINCT line_number FROM _rejected", "--format", "json")
    assert asked.json == [{"line_number": line["line_number"]}]


def test_a_misspelt_event_has_near_matches(mp, name, days):
    refused = mp("query", "segmentation", f"{name}x", *days, "--format", "json")

    assert refused.code == 1
    assert name in json.loads(refused.err)["message"]
