"""The report of a file that dbt built: every section is there, and says what plain Python counts."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.marts import plain

from mixpanel_data import Workspace
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.html_report.model import Report, read_report
from mixpanel_data._internal.html_report.published_tables import Unavailable, open_published_tables
from mixpanel_data.cli.commands import demo


@pytest.fixture(scope="module")
def report(by_loads: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = DataFolder.at(tmp_path_factory.mktemp("report"))
    folder.published.symlink_to(by_loads / "build" / "dbt.duckdb")
    with open_published_tables(folder) as db:
        return read_report(db, now=datetime.now(UTC))


def test_every_section_is_there(report: Report) -> None:
    assert report.sections
    sections = vars(report.sections) | {"freshness": report.freshness}

    assert {
        name: each.reason for name, each in sections.items() if isinstance(each, Unavailable)
    } == {}
    assert report.definitions.timezone == "Europe/Berlin"


def test_numbers_of_events_and_users_are_those_of_the_raw_data(
    report: Report, seen: list[plain.Seen]
) -> None:
    assert report.sections
    assert report.span
    events = report.sections.events
    assert not isinstance(events, Unavailable)
    within = [each for each in seen if report.span.first <= each.day <= report.span.last]
    counts = Counter(each.name for each in within)
    users = {
        name: len({each.user for each in within if each.name == name} - {None}) for name in counts
    }

    assert {each.name: each.count for each in events.top} == dict(counts)
    assert {each.name: each.users for each in events.top} == users
    assert events.total == len(within)
    assert {each.name for each in events.top if each.is_hidden} == {"Hidden"}


def test_users_are_the_same_number_wherever_they_are_counted(
    by_loads: Path, seen: list[plain.Seen]
) -> None:
    users = {
        name: len({each.user for each in seen if each.name == name} - {None})
        for name in {each.name for each in seen}
    }

    with Workspace.open(by_loads / "build" / "dbt.duckdb") as workspace:
        breakdown = workspace.event_breakdown().to_dicts()
        catalog = workspace.sql_rows("SELECT event, users FROM event_catalog").to_dicts()
        _, common = demo.QUESTIONS[0]
        answer = workspace.sql_rows(common).to_dicts()
    assert {row["event"]: row["users"] for row in breakdown} == users
    assert {row["event"]: row["users"] for row in catalog} == users
    assert {row["event"]: row["users"] for row in answer}.items() <= users.items()


def test_a_funnel_in_the_report_is_the_funnel_of_the_tables(report: Report) -> None:
    assert report.sections
    funnels = report.sections.funnels
    assert not isinstance(funnels, Unavailable)

    paying, second = funnels[:2]
    assert [paying.name, second.name] == ["paying", "repeated"]
    assert [step.events for step in paying.steps] == ["Page View", "Search", "Paid or paid"]
    reached = [step.reached for step in paying.steps]
    assert reached == sorted(reached, reverse=True)
    assert paying.entries > 0
    assert second.segment_column == "current_url"
    assert second.segments
