"""The published file in Apache Superset, which has an older DuckDB of its own."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import duckdb
import pytest
from e2e.superset.conftest import PublishedProject
from support.browser import Visitor
from support.superset import Superset

pytestmark = pytest.mark.e2e

MEASURES = ("dau", "wau", "mau")
METRICS = [
    {"expressionType": "SIMPLE", "aggregate": "SUM", "column": {"column_name": name}, "label": name}
    for name in MEASURES
]


@dataclass(frozen=True)
class Registered:
    """The published file as Superset knows it: ids of the database, of a dataset over a mart, and of a chart."""

    database: int
    dataset: int
    chart: int


def ours(project: PublishedProject, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(project.published, read_only=True) as db:
        return db.execute(sql).fetchall()


@pytest.fixture(scope="module")
def registered(project: PublishedProject, bi: Superset) -> Registered:
    """As the README says, with the settings it names."""
    uri = f"duckdb:///{project.published}?access_mode=read_only"
    known = {"database_name": "Mixpanel", "sqlalchemy_uri": uri, "allow_dml": True}
    database = bi.post("database/", known)["id"]
    table = {"database": database, "schema": "main", "table_name": "daily_active_users"}
    dataset = bi.post("dataset/", table)["id"]
    shown = {
        "datasource": f"{dataset}__table",
        "viz_type": "echarts_timeseries_line",
        "x_axis": "event_date",
        "time_grain_sqla": "P1D",
        "metrics": METRICS,
        "show_legend": True,
        "row_limit": 10_000,
    }
    chart = {
        "slice_name": "Active users",
        "viz_type": shown["viz_type"],
        "datasource_id": dataset,
        "datasource_type": "table",
        "params": json.dumps(shown),
        "query_context": json.dumps(query(dataset)),
    }
    return Registered(database, dataset, bi.post("chart/", chart)["id"])


def query(dataset: int) -> dict[str, Any]:
    """What the chart asks."""
    by_day = {"columns": ["event_date"], "metrics": METRICS, "orderby": [["event_date", True]]}
    return {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [by_day],
        "result_format": "json",
        "result_type": "full",
    }


def drawn(bi: Superset, chart: int) -> list[tuple[Any, ...]]:
    """The rows of the chart: day, and its measures."""
    rows = bi.get(f"chart/{chart}/data/", force="true")["result"][0]["data"]
    return [
        (datetime.fromtimestamp(row["event_date"] / 1000, UTC).date(), *(row[n] for n in MEASURES))
        for row in rows
    ]


def of_the_chart(project: PublishedProject) -> list[tuple[Any, ...]]:
    """The same by DuckDB itself."""
    return ours(project, "select event_date, dau, wau, mau from daily_active_users order by all")


def test_it_lists_every_table(
    project: PublishedProject, bi: Superset, registered: Registered
) -> None:
    listed = bi.get(f"database/{registered.database}/tables/", q="(schema_name:main)")["result"]

    names = ours(project, "select table_name from duckdb_tables() where schema_name = 'main'")
    assert {item["value"] for item in listed} == {name for (name,) in names}
    assert {"events", "sessions", "daily_active_users", "retention_cohorts"} <= {
        n for (n,) in names
    }
    assert {item["type"] for item in listed} == {"table"}


def test_it_shows_what_columns_mean(
    project: PublishedProject, bi: Superset, registered: Registered
) -> None:
    columns = bi.get(f"dataset/{registered.dataset}")["result"]["columns"]

    shown = {column["column_name"]: column["description"] for column in columns}
    comments = ours(
        project,
        "select column_name, comment from duckdb_columns() where table_name = 'daily_active_users'",
    )
    assert shown == dict(comments)
    assert all(shown.values())
    assert [each["column_name"] for each in columns if each["is_dttm"]] == ["event_date"]


def test_a_chart_has_the_numbers_of_the_table(
    project: PublishedProject, bi: Superset, registered: Registered
) -> None:
    rows = drawn(bi, registered.chart)

    assert rows == of_the_chart(project)
    assert len(rows) == len(project.dataset.days())


def test_every_table_can_be_asked(
    project: PublishedProject, bi: Superset, registered: Registered
) -> None:
    for (table,) in ours(
        project, "select table_name from duckdb_tables() where schema_name = 'main'"
    ):
        found = bi.ask(registered.database, f'select count(*) as n from main."{table}"')
        assert [(row["n"],) for row in found] == ours(project, f'select count(*) from "{table}"')
    plans = "select properties ->> '$.plan' as plan, count(*) as n from profiles group by all order by all"
    found = bi.ask(registered.database, plans)
    assert [(row["plan"], row["n"]) for row in found] == ours(project, plans)


def test_it_can_not_write(project: PublishedProject, bi: Superset, registered: Registered) -> None:
    """Its own guard is off: it is DuckDB that refuses."""
    with pytest.raises(AssertionError, match="read-only mode"):
        bi.ask(registered.database, "delete from events")
    assert ours(project, "select count(*) > 0 from events") == [(True,)]


def test_the_written_dashboard_is_imported_and_every_chart_has_rows(
    project: PublishedProject, bi: Superset, tmp_path: Path
) -> None:
    written = tmp_path / "dashboard.zip"
    events = ("--sign-up", "Signed Up", "--value-moment", "Purchase")
    ended = project.mp.run("dashboard", "--superset", str(written), *events)
    assert ended.returncode == 0, ended.stderr

    for _ in range(2):  # another import replaces the dashboard
        file = {"formData": ("dashboard.zip", written.read_bytes(), "application/zip")}
        answer = bi.http.post("/api/v1/dashboard/import/", files=file, data={"overwrite": "true"})
        assert answer.is_success, answer.text
    [dashboard] = bi.get("dashboard/")["result"]
    charts = bi.get(f"dashboard/{dashboard['id']}/charts")["result"]
    found = {}
    for chart in charts:
        [result] = bi.get(f"chart/{chart['id']}/data/", force="true")["result"]
        assert result["error"] is None, chart["slice_name"]
        assert result["rowcount"] > 0, chart["slice_name"]
        found[chart["slice_name"]] = result["data"]

    assert len(charts) >= 17
    buyers = "select count(distinct user_id) from events where event = 'Purchase'"
    assert found["Users with a value moment"] == [{"users": ours(project, buyers)[0][0]}]
    assert [tuple(row[name] for name in MEASURES) for row in found["Active users"]] == ours(
        project,
        "select dau, wau, mau from daily_active_users where not is_partial order by event_date",
    )


def test_the_chart_is_drawn(
    bi: Superset, registered: Registered, visitor: Visitor, tmp_path: Path
) -> None:
    page = f"{bi.url}/explore/?slice_id={registered.chart}&standalone=1"
    with visitor.visit(page, storage_state=bi.cookies()) as visit:
        visit.page.wait_for_selector("canvas", timeout=60_000)
        visit.page.wait_for_function(_COLOURFUL, polling=300, timeout=60_000)
        visit.page.screenshot(path=tmp_path / "chart.png")
        assert visit.page.get_by_role("alert").count() == 0
        assert all(url.startswith((bi.url, "data:", "blob:")) for url in visit.requests)


_COLOURFUL = """() => {
    // Still, since lines are drawn bit by bit; and in three colours, not only the axes, which are grey.
    const canvas = document.querySelector("canvas");
    const before = window.drawn;
    window.drawn = canvas.toDataURL();
    if (window.drawn !== before) return false;
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colours = {};
    for (let i = 0; i < data.length; i += 4) {
        const [red, green, blue, opaque] = data.slice(i, i + 4);
        if (opaque === 255 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) {
            const colour = [red, green, blue].join();
            colours[colour] = (colours[colour] || 0) + 1;
        }
    }
    return Object.values(colours).filter(pixels => pixels > 300).length >= 3;
}"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A pipe: a query that reads it stays open until another process writes."""
    path = tmp_path / "gate.csv"
    os.mkfifo(path)
    return path


def test_promise_9_a_sync_and_a_bi_tool_do_not_wait_for_each_other(
    project: PublishedProject, bi: Superset, registered: Registered, gate: Path
) -> None:
    before = ours(project, "select count(*) from events")
    held = f"select (select count(*) from events) as n, count(*) as lines from read_csv('{gate}', header = false)"
    midnight = datetime.combine(project.dataset.days()[-1], datetime.min.time(), tzinfo=UTC)
    noon = midnight + timedelta(hours=12)
    for n in range(7):
        project.dataset.add_event(
            "Came later", noon, distinct_id=f"late-{n}", insert_id=f"late-{n}"
        )

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(bi.ask, registered.database, held)
        try:
            _until(lambda: bi.has_open(project.published) or asking.done())
            assert not asking.done(), asking.result()
            old = project.published.stat().st_ino
            project.sync_last_days()
            assert not asking.done()  # it still reads the file that was published before
        finally:
            with gate.open("w") as pipe:
                pipe.write("1\n2\n")
        assert asking.result() == [{"n": before[0][0], "lines": 2}]

    assert project.published.stat().st_ino != old
    assert ours(project, "select count(*) from events") == [(before[0][0] + 7,)]
    assert (
        bi.ask(registered.database, "select count(*) as n from events")[0]["n"] == before[0][0] + 7
    )
    assert drawn(bi, registered.chart) == of_the_chart(project)


def _until(sign: Callable[[], bool]) -> None:
    for _ in range(1200):
        if sign():
            return
        sleep(0.05)
    raise AssertionError("it did not come to that")


def test_every_mart_is_exported_as_it_is(project: PublishedProject, tmp_path: Path) -> None:
    ended = project.mp.run("export", "--output", str(tmp_path), "--format", "json")

    assert ended.returncode == 0, ended.stderr
    exported = {row["table"]: row for row in json.loads(ended.stdout)}
    names = ours(
        project,
        "select table_name from duckdb_tables() where schema_name = 'main' and table_name not like '\\_%' escape '\\'",
    )
    assert set(exported) == {name for (name,) in names}
    with duckdb.connect(project.published, read_only=True) as db:
        for name, row in exported.items():
            file = f"read_parquet('{row['path']}')"
            as_text = f'(select columns(*)::varchar from "{name}")'
            from_file = f"(select columns(*)::varchar from {file})"
            for one, other in ((as_text, from_file), (from_file, as_text)):
                assert db.execute(f"from {one} except all from {other} limit 1").fetchall() == []
            assert db.execute(f'select count(*) from "{name}"').fetchall() == [(row["rows"],)]
