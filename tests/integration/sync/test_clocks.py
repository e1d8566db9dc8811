"""The newest load is the last one, with any clocks."""

import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.account import account_of
from support.project import LAST, Project, canonical

from mixpanel_data._internal import clock
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.clock import ServerClock, clock_warning
from mixpanel_data._internal.landing.fetch_events import fetch_window
from mixpanel_data._internal.landing.files import LandingFolder
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.streams.windows import Window

SHIFTS = st.sampled_from([-10.0, -1.0, -0.001, 0.0, 0.001, 3.0, 400.0])


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts this machine's clock so many days ahead, or behind."""

    def put(days: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=days))

    return put


class At(Project):
    """A data folder of the same sandbox."""

    def tables(self) -> list[Any]:
        """Everything but times and load ids."""
        profiles = self.query("SELECT distinct_id, properties FROM mixpanel.profiles")
        versions = self.query(
            "SELECT distinct_id, is_deleted, row_number() OVER (PARTITION BY distinct_id ORDER BY valid_from), properties "
            "FROM mixpanel._profiles_history"
        )
        ledger = self.query(
            "SELECT table_name, coalesce(range_start, 'epoch'), row_count, previous_row_count, load_number "
            "FROM mixpanel._metadata"
        )
        found = [*profiles, *((*version[:3], canonical(version[3])) for version in versions)]
        return [self.loaded(), Counter(found), Counter(ledger)]


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(SHIFTS, min_size=2, max_size=4), st.booleans())
def test_loads_under_any_clocks_leave_the_tables_of_a_right_clock(
    project, fill, shift, tmp_path, monkeypatch, shifts, has_date
):
    if not has_date:
        monkeypatch.setattr(ServerClock, "read", lambda *_: None)
    folders = {name: At(project.sandbox, tmp_path / name) for name in ("right", "any")}
    for folder in folders.values():
        shutil.rmtree(folder.folder, ignore_errors=True)
    dataset = project.sandbox.dataset
    dataset.remove_events(lambda _event: True)
    fill(3, 5)
    for step, days in enumerate(shifts):
        dataset.add_event("late", _midnight(1) + step, distinct_id="u", insert_id=f"late {step}")
        dataset.set_profile("changes", {"step": step})
        if step % 2:
            dataset.remove_profile("comes and goes")
        else:
            dataset.set_profile("comes and goes", {"step": step})
        for name, folder in folders.items():
            shift(0 if name == "right" else days)
            job = folder.job(start_date=LAST - timedelta(days=2))
            job.extraction._full_profiles = True
            report = job.run(build=False)
            assert report.failures == []

    assert folders["any"].tables() == folders["right"].tables()
    assert folders["any"].loaded() == project.served(LAST - timedelta(days=2), LAST)
    ordered = folders["any"].query(
        "SELECT count(*) FROM (FROM mixpanel._profiles_history AS old JOIN mixpanel._profiles_history AS new "
        "ON old.distinct_id = new.distinct_id AND old.load_id <> new.load_id AND old.valid_from < new.valid_from "
        "WHERE old.valid_to > new.valid_from) UNION ALL "
        "SELECT count(*) FROM mixpanel._profiles_history WHERE valid_from >= valid_to"
    )
    assert ordered == [(0,), (0,)]


def test_a_clock_that_was_put_back_is_named_and_costs_no_second_load(project, fill, shift):
    fill(3)
    shift(3)
    project.sync(start_date=LAST - timedelta(days=2), only=None)
    project.asked()
    project.sandbox.dataset.add_event("late", _midnight(0), distinct_id="u", insert_id="late")
    shift(0)

    report = project.sync(only=None)

    assert (report.failures, len(project.asked())) == ([], 1)
    assert project.loaded() == project.served(LAST - timedelta(days=2), LAST)
    assert len(project.query("FROM mixpanel.events WHERE event = 'late'")) == 1


@pytest.mark.parametrize(("days", "words"), [(3, "3 days ahead of"), (-10, "10 days behind")])
def test_a_wrong_clock_is_named(project, fill, shift, days, words):
    fill(3)
    shift(days)

    report = project.sync(start_date=LAST - timedelta(days=2))

    assert [words in warning for warning in report.warnings] == [True]


def test_a_clock_that_was_put_back_is_named_without_a_date_in_the_answers():
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=3)

    assert "was put back" in str(clock_warning(timedelta(0), later))
    assert clock_warning(timedelta(0), later - timedelta(days=4)) is None
    assert clock_warning(timedelta(0), None) is None


@pytest.mark.parametrize("shifted", [3, 400])
def test_a_day_that_was_not_over_is_not_complete_for_a_clock_ahead(project, shift, shifted):
    shift(shifted)
    account = account_of(project.sandbox)
    landing = LandingFolder(project.folder, project="1", region="us")
    settings = project.settings()
    with MixpanelAPIClient(account, base_url=project.sandbox.base_url) as client:
        landed = fetch_window(client, Window(LAST, LAST), landing, settings.zone)

    assert abs(landed.fetched_at - datetime.now(UTC)) < timedelta(minutes=1)
    tonight = (datetime.now(UTC) + timedelta(days=1)).replace(tzinfo=None)
    record = DayRecord(LAST, tonight, 1, 0, 0, 0, landed.fetched_at.replace(tzinfo=None), "1")
    assert not record.is_complete()


@pytest.mark.parametrize(
    "headers",
    [{}, {"date": "soon"}, {"date": ""}, {"date": "Tue, 01 Jan 2030 00:00:00 GMT", "age": "5"}],
)
def test_an_answer_without_a_date_of_its_own_says_nothing(headers):
    server = ServerClock()

    server.read(headers)

    assert server.ahead == timedelta(0)


def test_the_ledger_of_the_version_before_is_older_than_every_load_since(project, fill, shift):
    fill(3)
    people = project.sandbox.dataset
    people.set_profile("u", {"n": 1})
    project.sync(start_date=LAST - timedelta(days=2), only=None)
    with duckdb.connect(str(project.folder / "raw.duckdb")) as db:
        db.execute("ALTER TABLE mixpanel._metadata DROP COLUMN load_number")
        db.execute("ALTER TABLE mixpanel.profiles DROP COLUMN load_id")
    assert len(project.ledger().days) == 3
    fill(3, 50)
    people.set_profile("u", {"n": 2})
    shift(-10)

    report = project.sync(only=None)

    assert report.failures == []
    assert {record.row_count for record in project.ledger().days.values()} == {90}
    assert project.loaded() == project.served(LAST - timedelta(days=2), LAST)
    assert project.query("SELECT properties->>'n' FROM mixpanel.profiles") == [("2",)]


def _midnight(back: int) -> int:
    day = LAST - timedelta(days=back)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
