"""How old the data are: since the end of the last day up to which nothing is missing."""

from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_data.cli.app import run
from mixpanel_data.cli.errors import STALE
from mixpanel_data.sync import read_status

from .conftest import LAST

DAY = timedelta(days=1)


@pytest.fixture
def today(monkeypatch):
    """The status is read on the day after the last one."""
    monkeypatch.setattr("mixpanel_data.sync.status.today", lambda _zone: LAST + DAY)


def age(project, hour=6):
    now = datetime(LAST.year, LAST.month, LAST.day, hour, tzinfo=UTC) + DAY
    return read_status(project.settings()).age(now)


def test_complete_days_up_to_yesterday_are_as_old_as_today(project, fill, today):
    fill(5)
    project.sync(LAST - 4 * DAY, LAST)

    assert age(project, hour=6) == timedelta(hours=6)
    assert read_status(project.settings()).complete_up_to == LAST


def test_a_missing_day_ends_what_is_complete(project, fill, today):
    fill(5)
    project.sync(LAST - 4 * DAY, LAST - 3 * DAY)
    project.sync(LAST - DAY, LAST)

    status = read_status(project.settings())

    assert (status.complete_up_to, status.last) == (LAST - 3 * DAY, LAST)
    assert age(project, hour=6) == timedelta(days=3, hours=6)


def test_only_days_from_the_configured_start_on_count(project, fill, today):
    fill(9)
    project.sync(LAST - 3 * DAY, LAST)
    project.sync(LAST - 8 * DAY, LAST - 7 * DAY)  # a back-fill that is not complete

    found = [
        read_status(project.settings(start_date=start)).complete_up_to
        for start in (None, LAST - 5 * DAY, LAST - 3 * DAY)
    ]
    gaps = read_status(project.settings()).gaps

    assert found == [LAST - 7 * DAY, None, LAST]
    assert [(gap.first, gap.last) for gap in gaps] == [(LAST - 6 * DAY, LAST - 4 * DAY)]


def test_without_data_there_is_no_age(project, today):
    status = read_status(project.settings())

    assert (status.age(), status.complete_up_to) == (None, None)
    assert status.to_dict()["age_seconds"] is None


@pytest.mark.usefixtures("only_core")
def test_what_is_loaded_and_not_published_does_not_count(project, fill, today, monkeypatch, capsys):
    fill(5)
    project.sync(LAST - 4 * DAY, LAST - 2 * DAY, build=True)
    project.sync(LAST - DAY, LAST)
    monkeypatch.setenv("MP_DATA_DIR", str(project.folder))

    status = read_status(project.settings())
    code = run(["status", "--max-age", "36h"])
    shown = capsys.readouterr().err

    assert (status.complete_up_to, status.published_up_to) == (LAST, LAST - 2 * DAY)
    assert age(project, hour=6) == timedelta(days=2, hours=6)
    assert code == STALE
    assert f"published only up to {LAST - 2 * DAY}" in shown
    assert "`mp sync --no-fetch` builds and publishes them" in shown
