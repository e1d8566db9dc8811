"""The engine from plan to ledger, against a real server."""

import shutil
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.project import LAST

from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data.exceptions import AuthenticationError, ConfigError, RateLimitError
from mixpanel_data.sandbox.faults import Fault, FaultKind
from mixpanel_data.sync.status import gap_days

FIRST = LAST - timedelta(days=7)


def day(back: int) -> date:
    return LAST - timedelta(days=back)


def test_every_event_and_profile_arrives_once(project, fill):
    fill(8)
    for n in range(2300):
        project.sandbox.dataset.set_profile(n if n % 2 else f"user {n}", {"n": n})

    report = project.sync(FIRST, LAST, only=None)

    assert project.loaded() == project.served(FIRST, LAST)
    assert report.profiles == 2300
    assert project.query("SELECT count(*), count(DISTINCT distinct_id) FROM mixpanel.profiles") == [
        (2300, 2300)
    ]


def test_promise_1_the_same_range_twice_leaves_equal_tables(project, fill):
    fill(8)
    project.sync(FIRST, LAST)
    before = project.loaded()

    project.sync(FIRST, LAST)

    assert project.loaded() == before == project.served(FIRST, LAST)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=3))
def test_promise_1_any_order_and_split_of_days_leaves_equal_tables(project, fill, ranges):
    shutil.rmtree(project.folder, ignore_errors=True)
    project.sandbox.dataset.remove_events(lambda _event: True)
    fill(8)

    for one, other in ranges:
        project.sync(day(max(one, other)), day(min(one, other)))
    project.sync(start_date=FIRST)

    assert project.loaded() == project.served(FIRST, LAST)


def test_the_ledger_has_a_row_a_day_that_agrees_with_the_rows(project, fill):
    fill(6)
    project.sync(FIRST, LAST)

    per_day = dict(
        project.query("SELECT CAST(time AS DATE), count(*) FROM mixpanel.events GROUP BY 1")
    )
    ledger = project.ledger()

    assert sorted(ledger.days) == [day(back) for back in range(7, -1, -1)]
    for when, record in ledger.days.items():
        assert record.row_count == per_day.get(when, 0)
    assert ledger.days[FIRST].row_count == 0  # asked for, and empty: not the same as not asked for


def test_promise_7_a_second_run_asks_only_for_missing_and_lookback_days(project, fill):
    fill(30)
    project.sync(start_date=day(29))
    project.asked()

    project.sync()

    assert project.asked() == [(str(day(4)), str(day(0)))]


def test_promise_7_a_run_rewrites_the_rows_of_the_days_it_read_and_no_others(project, fill):
    fill(30)
    project.sync(start_date=day(29))
    with duckdb.connect(str(project.folder / "raw.duckdb")) as connection:
        connection.execute("UPDATE mixpanel.events SET distinct_id = 'a mark'")

    project.sync()

    marked = "SELECT count(*) FILTER (distinct_id = 'a mark'), count(*) FROM mixpanel.events"
    assert project.query(marked) == [(25 * 40, 30 * 40)]
    assert project.query(f"{marked} WHERE time >= TIMESTAMP '{day(4)}'") == [(0, 5 * 40)]


def test_without_the_dlt_working_folder_it_carries_on_the_same(project, fill):
    fill(30)
    project.sync(start_date=day(29))
    project.asked()
    shutil.rmtree(project.folder / "dlt")

    project.sync()

    assert project.asked() == [(str(day(4)), str(day(0)))]
    assert project.loaded() == project.served(day(29), LAST)


def test_a_day_reread_is_replaced_completely(project, fill):
    fill(8)
    project.sync(FIRST, LAST)
    gone = project.sandbox.dataset.events_on(day(3))[:15]
    project.sandbox.dataset.remove_events(lambda event: event in gone)
    project.sandbox.dataset.add_event("late", gone[0].time_ms, distinct_id="u", insert_id="late")

    report = project.sync(day(3), day(3))

    assert project.loaded() == project.served(FIRST, LAST)
    assert [(d.day, d.rows, d.rows_before) for d in report.days] == [(day(3), 26, 40)]


def test_a_day_that_became_empty_is_emptied(project, fill):
    fill(3)
    project.sync(FIRST, LAST)
    project.sandbox.dataset.remove_events(lambda event: event.day == day(1))

    project.sync(day(1), day(1))

    assert project.loaded() == project.served(FIRST, LAST)
    assert project.ledger().days[day(1)].row_count == 0


def test_promise_4_late_events_are_there_after_the_next_run(project, fill):
    fill(8)
    project.sync(start_date=FIRST)
    late = project.sandbox.dataset.events_on(day(4))[0].time_ms
    project.sandbox.dataset.add_event(
        "late", late, distinct_id="u", mp_processing_time_ms=late + 4 * 86_400_000
    )

    project.sync()

    assert project.loaded() == project.served(FIRST, LAST)
    assert project.ledger().days[day(4)].late_count == 1


def test_profiles_that_vanished_are_gone_after_a_complete_snapshot(project):
    for n in range(5):
        project.sandbox.dataset.set_profile(f"u{n}", {"n": n})
    project.sync(LAST, LAST, only="profiles")
    project.sandbox.dataset.remove_profile("u1")
    project.sandbox.dataset.set_profile("u2", {"n": "new"})

    project.sync(LAST, LAST, only="profiles", profiles_snapshot_days=0)

    rows = dict(project.query("SELECT distinct_id, properties FROM mixpanel.profiles"))
    assert sorted(rows) == ["u0", "u2", "u3", "u4"]
    assert rows["u2"] == '{"n":"new"}'


def test_a_profile_session_that_dies_is_restarted(project):
    for n in range(2500):
        project.sandbox.dataset.set_profile(f"u{n}", {"n": n})
    project.sandbox.faults.add(Fault(FaultKind.SESSION_EXPIRED, times=1))

    report = project.sync(LAST, LAST, only="profiles")

    assert (report.failures, report.profiles) == ([], 2500)


def test_an_incomplete_snapshot_touches_nothing(project):
    for n in range(2500):
        project.sandbox.dataset.set_profile(f"u{n}", {"n": n})
    project.sync(LAST, LAST, only="profiles")
    project.sandbox.faults.add(Fault(FaultKind.SESSION_EXPIRED, times=None))

    report = project.sync(LAST, LAST, only="profiles", profiles_snapshot_days=0)

    assert [error.code for error in report.failures] == ["INCOMPLETE_EXPORT"]
    assert project.query("SELECT count(*) FROM mixpanel.profiles") == [(2500,)]


def test_a_verified_file_is_not_refetched_after_a_crash(project, fill):
    fill(20)
    job = project.job(start_date=day(19))
    [landed] = job.extraction.land_package(job.extraction.next_windows(job.begin())[:1])
    asked = project.asked()  # landed, and then the process died

    project.sync(start_date=day(19))

    assert asked == [(str(landed.window.first), str(landed.window.last))]
    assert asked[0] not in project.asked()
    assert project.loaded() == project.served(day(19), LAST)


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_promise_2_a_landed_file_that_a_power_cut_shortened_is_refetched(project, fill, kept):
    """The note is safe on disk before the body may be; cut between two lines, the rest looks like a whole one."""
    fill(20)
    job = project.job(start_date=day(19))
    [landed] = job.extraction.land_package(job.extraction.next_windows(job.begin())[:1])
    lines = landed.path.read_bytes().splitlines(keepends=True)
    landed.path.write_bytes(b"".join(lines[: int(len(lines) * kept)]))

    report = project.sync(start_date=day(19))

    assert (report.failures, report.rejected) == ([], 0)
    assert project.loaded() == project.served(day(19), LAST)


def test_another_projects_folder_is_refused(project, fill):
    fill(2)
    project.sync(FIRST, LAST)

    with pytest.raises(ConfigError, match="has project"):
        project.sync(FIRST, LAST, project_id="99")


def test_a_plan_that_goes_back_less_far_is_no_failure(project, fill):
    fill(30)
    project.sandbox.faults.add(
        Fault(
            FaultKind.STATUS_403,
            match=lambda call: call.params["from_date"] < str(day(19)),
            text="Date range exceeds 20 days into the past",
            times=None,
        )
    )

    report = project.sync()

    assert report.failures == []
    assert [str(day(19)) in warning for warning in report.warnings] == [True]
    assert project.loaded() == project.served(day(19), LAST)


@pytest.mark.parametrize("days", ["999999999", "9" * 20, "9" * 5_000])
def test_a_plan_with_a_history_beyond_the_calendar_is_a_failure(project, fill, days):
    fill(1)
    project.sandbox.faults.add(
        Fault(FaultKind.STATUS_403, text=f"Date range exceeds {days} days", times=None)
    )

    report = project.sync()

    assert {error.code for error in report.failures} == {"QUERY_FAILED"}


def test_days_beyond_the_plan_that_were_named_are_a_failure(project, fill):
    fill(3)
    project.sandbox.faults.add(
        Fault(FaultKind.STATUS_403, text="Date range exceeds 20 days into the past", times=None)
    )

    report = project.sync(day(60), day(50))

    assert {error.code for error in report.failures} == {"QUERY_FAILED"}
    assert project.ledger().days == {}


def test_refused_credentials_stop_the_run_at_once(project, fill):
    fill(8)

    report = project.sync(FIRST, LAST, secret="wrong")

    assert [type(error) for error in report.failures] == [AuthenticationError]
    assert len(project.asked()) == 1


def test_a_spent_budget_stops_the_run_and_keeps_what_came(project, fill):
    fill(8)
    project.sandbox.faults.add(Fault(FaultKind.STATUS_429, to_date=day(5), times=None))

    report = project.sync(FIRST, LAST)

    assert [type(error) for error in report.failures] == [RateLimitError]
    assert project.loaded() == project.served(day(4), LAST)


def test_promise_4_a_wider_sweep_finds_what_came_very_late(project, fill):
    fill(30)
    project.sync(start_date=day(29))
    when = project.sandbox.dataset.events_on(day(20))[0].time_ms
    project.sandbox.dataset.add_event("very late", when, distinct_id="u")
    project.asked()

    project.sync(reload_days=21)

    assert project.loaded() == project.served(day(29), LAST)
    assert project.asked()[-1][0] == str(day(20))


def test_a_fetch_with_a_filter_never_counts_as_complete(project, fill):
    fill(12)
    project.sync(day(9), day(7), event_filter=EventFilter(("event 1",)))
    assert {event for event, _, _ in project.loaded()} == {"event 1"}
    assert gap_days(project.ledger(), LAST + timedelta(days=1)) == [
        day(n) for n in range(9, -1, -1)
    ]

    project.sync(start_date=day(11))

    assert project.loaded() == project.served(day(11), LAST)


def test_a_filter_does_not_take_away_what_is_there(project, fill):
    fill(3)
    project.sync(FIRST, LAST)

    with pytest.raises(ConfigError, match="would delete"):
        project.sync(LAST, LAST, event_filter=EventFilter(where='properties["number"] > 5'))

    assert project.loaded() == project.served(FIRST, LAST)


def test_with_the_same_filter_it_goes_on(project, fill):
    fill(12)
    only = EventFilter(where='properties["number"] > 35')
    project.sync(start_date=day(11), event_filter=only)
    project.asked()

    project.sync(event_filter=only)

    assert project.asked() == [(str(day(4)), str(LAST))]
    assert sum(project.loaded().values()) == 12 * 4


def test_the_oldest_days_first_if_asked(project, fill):
    fill(12)

    project.sync(start_date=day(11), oldest_first=True)

    assert project.asked()[0][0] == str(day(11))
    assert project.loaded() == project.served(day(11), LAST)


def test_days_named_later_do_not_shorten_what_was_set_out_for(project, fill):
    fill(10)
    project.sandbox.faults.add(Fault(FaultKind.STATUS_429, to_date=day(5), times=1))
    project.sync(start_date=day(9))  # broke off after five days

    project.sync(day(4), LAST)
    project.sync()

    assert project.loaded() == project.served(day(9), LAST)
