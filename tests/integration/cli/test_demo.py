"""``mp demo``: no table is empty, the report has every section, and README quotes what it prints."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from integration.cli.conftest import run_in
from support.account import account_of

from mixpanel_data import Workspace
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.html_report.model import read_report
from mixpanel_data._internal.html_report.published_tables import Unavailable, open_published_tables
from mixpanel_data._internal.project.variables import Variables, defaults
from mixpanel_data.cli.commands.demo import DAYS
from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.settings import DataFolder

pytestmark = pytest.mark.e2e

README = Path(__file__).parents[3] / "README.md"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data folder of a demo, and what it printed."""
    parent = tmp_path_factory.mktemp("demo")
    folder = parent / "demo-data"
    done = run_in(parent)("demo", "--data-dir", str(folder))
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_no_table_is_empty(output: tuple[Path, str]) -> None:
    folder, _ = output

    with Workspace.open(folder / "mixpanel.duckdb") as workspace:
        counts = {
            table: workspace.sql_rows(f'SELECT count(*) AS n FROM "{table}"').to_dicts()[0]["n"]
            for table in tables(folder)
        }

    assert len(counts) > 25
    assert [table for table, count in counts.items() if not count] == []


def test_groups_experiments_revenue_and_definitions_are_there(output: tuple[Path, str]) -> None:
    folder, _ = output
    first = {
        "companies": "SELECT count(*) FROM group_profiles WHERE group_key = 'company'",
        "users of a company": "SELECT count(DISTINCT user_id) FROM events WHERE company = 'globex'",
        "variants": "SELECT count(DISTINCT variant) FROM events WHERE event = '$experiment_started'",
        "revenue": "SELECT sum(revenue) FROM events WHERE event = 'Purchase'",
        "funnels": "SELECT count(DISTINCT funnel) FROM funnels",
        "sources": "SELECT count(DISTINCT touch) FROM attribution_touches",
        "several sources": "SELECT count(*) FROM attribution_touches WHERE place > 1",
    }

    with duckdb.connect(folder / "mixpanel.duckdb", read_only=True) as db:
        found: dict[str, Any] = {
            name: (db.execute(sql).fetchone() or (0,))[0] for name, sql in first.items()
        }

    assert found["companies"] == 10
    assert found["variants"] == 4
    assert found["funnels"] == 2
    assert found["sources"] == 5
    assert all(
        count > 10
        for name, count in found.items()
        if name not in ("variants", "funnels", "sources", "companies")
    )


@pytest.mark.parametrize(
    ("name", "steps", "options"),
    [
        (
            "Product to purchase",
            [
                *("Product Viewed", "Product Added", "Checkout Started"),
                *("Payment Info Entered", "Purchase"),
            ],
            {"by": "os"},
        ),
        (
            "Sign-up to first order",
            ["Signed Up", "Purchase"],
            {"by": "country_code", "window": "14d"},
        ),
    ],
)
def test_an_ad_hoc_funnel_equals_the_table(
    output: tuple[Path, str], name: str, steps: list[str], options: dict[str, Any]
) -> None:
    folder, _ = output
    columns = (
        "segment, entry_date, step_number, entries, reached, median_seconds_from_first, is_complete"
    )

    with Workspace(data_dir=folder) as workspace:
        found = workspace.funnel_local(steps, unit="day", **options).records()
        table = workspace.sql_rows(f"SELECT {columns} FROM funnels WHERE funnel = ?", [name])

    names = columns.replace("entry_date", "period_start").split(", ")
    assert len(table) > 100
    assert sorted((tuple(row[each] for each in names) for row in found), key=repr) == sorted(
        table, key=repr
    )


def test_its_report_has_every_section(output: tuple[Path, str]) -> None:
    folder, _ = output

    with open_published_tables(DataFolder.at(folder)) as db:
        sections = read_report(db, now=datetime.now(UTC)).sections

    assert [
        name for name, each in vars(sections).items() if not each or isinstance(each, Unavailable)
    ] == []


def test_readme_quotes_what_it_prints(output: tuple[Path, str]) -> None:
    folder, text = output
    console = README.read_text(encoding="utf-8").split("```console\n")[1].split("$ make test")[0]
    _, *quoted = console.strip().splitlines()  # the first line is the command

    printed = shape(text.replace(str(folder), "demo-data"))

    assert len(quoted) > 10
    for line in quoted:
        for part in shape(line).split("\u2026"):
            assert part.strip(" ,") in printed
    assert re.findall(r"\d+ tables", console) == re.findall(r"\d+ tables", text)


def test_saved_reports_are_translated_where_their_numbers_are_equal(
    output: tuple[Path, str], tmp_path: Path
) -> None:
    folder, _ = output
    found, dataset = tmp_path / "saved.yml", Dataset.sample(days=DAYS)
    with Sandbox(dataset) as sandbox:
        env = {**sandbox.env(), "MP_DATA_DIR": str(folder)}
        done = run_in(tmp_path)("import-definitions", "-o", str(found), "--format", "json", env=env)
        with MixpanelAPIClient(account_of(sandbox), base_url=sandbox.base_url) as client:
            live = Workspace(data_dir=folder, _api_client=client)
            asked = {
                funnel.id: live.funnel(funnel.id, *days_of(done.stdout))
                for funnel in dataset.saved.funnels
            }
    assert done.returncode == 0, done.stderr

    variables = yaml.safe_load(found.read_text("utf-8"))["vars"]["mixpanel_data"]
    checked = Variables.model_validate({**defaults(), **variables})
    outcome = {each["id"]: each for each in json.loads(done.stdout)["reports"]}
    # The windows as they are saved are among those with Mixpanel's numbers.
    assert [each.name for each in checked.funnels] == ["From product to purchase", "Checkout"]
    assert "7 days" in outcome[7001]["note"]
    assert "30 minutes" in outcome[7002]["note"]
    with Workspace.open(folder / "mixpanel.duckdb") as local:
        for number, entry in zip((7001, 7002), checked.funnels, strict=True):
            first, last = days_of(done.stdout)
            counted = local.funnel_local(
                [step.event for step in entry.steps],
                window=f"{entry.window}{entry.window_unit[0]}",
                from_date=first,
                to_date=last,
            )
            there = [step.count for step in asked[number].steps]
            assert [step.reached for step in counted.steps] == pytest.approx(there, rel=0.01)
            assert there[-1] > 0
    assert [(each.name, each.measure, each.per_user, each.units) for each in checked.metrics] == [
        ("Orders a day", "total", "", ["day"]),
        ("Weekly shoppers: Product Viewed", "unique", "", ["week"]),
        ("Weekly shoppers: Purchase", "unique", "", ["week"]),
        ("Visits a visitor", "average", "total", ["month"]),
    ]
    # A custom event, a condition on a step, a breakdown, and what the API does not define.
    assert "custom event" in outcome[7003]["note"]
    assert "condition" in outcome[7004]["note"]
    assert "breakdown" in outcome[8003]["note"]
    missing = {number for number, each in outcome.items() if each["variable"] is None}
    assert missing == {7003, 7004, 8003, 8101, 8102, 3001, 3002, 3003}
    assert "# funnels 7004, First order by card: " in found.read_text("utf-8")


def days_of(printed: str) -> tuple[str, str]:
    """The compared days."""
    whole = json.loads(printed)
    return whole["from_date"], whole["to_date"]


def tables(folder: Path) -> list[str]:
    with duckdb.connect(folder / "mixpanel.duckdb", read_only=True) as db:
        found = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
        return [name for (name,) in db.execute(found).fetchall()]


def shape(text: str) -> str:
    """The text without its numbers, which differ from day to day, and the padding of tables."""
    return re.sub(r"[ \u2500]+", " ", re.sub(r"\d[\d,.-]*", "#", text))
