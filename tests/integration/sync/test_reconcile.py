"""Promise 4: late events are there after the next run, or reconcile finds them; status shows how late they come."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.account import account_of
from support.crash import by_hand
from support.project import LAST, Project

from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.ledger.reader import EMPTY, Ledger, read_ledger
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.publication.reconciliations import (
    ReconciliationRow,
    append_rows,
    read_rows,
    write_table,
)
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.transform.build import BuildResult
from mixpanel_data.exceptions import ConfigError, NothingPublishedError
from mixpanel_data.sandbox import Fault, FaultKind, Sandbox
from mixpanel_data.sandbox.saved import Entry
from mixpanel_data.sync.compare_counts import (
    LONGEST_LIST,
    Counts,
    comparable,
    compare,
    default_window,
    export_days,
    lists_of,
)
from mixpanel_data.sync.reconcile import Reconciler, Reconciliation
from mixpanel_data.sync.status import read_status
from mixpanel_data.sync.verdicts import Evidence, Judged, judge

FIRST = LAST - timedelta(days=11)
UTC = ZoneInfo("UTC")


def day(back: int) -> date:
    return LAST - timedelta(days=back)


def reconciler(project: Project, **settings: Any) -> Reconciler:
    return Reconciler(project.settings(**settings), account_of(project.sandbox))


def differences(found: Reconciliation) -> list[tuple[date, int, int]]:
    return [(each.day, each.mixpanel, each.here) for each in found.comparison.differences]


@pytest.fixture
def synced(project: Project, fill: Callable[..., None]) -> Project:
    """Twelve days that were loaded and published, and requests forgotten."""
    fill(12)
    assert project.sync(FIRST, LAST).failures == []
    by_hand.build_and_publish(project.folder)
    project.sandbox.requests.clear()
    return project


def test_promise_4_events_that_came_too_late_for_the_lookback_are_found_and_loaded(synced):
    when = synced.sandbox.dataset.events_on(day(9))[0].time_ms
    for n in range(3):
        synced.sandbox.dataset.add_event("very late", when, distinct_id="u", insert_id=f"l{n}")

    found = reconciler(synced).compare()

    assert differences(found) == [(day(9), 43, 40)]
    assert found.comparison.differences[0].events == ("very late",)
    assert synced.sync(days=found.to_reload).failures == []
    by_hand.build_and_publish(synced.folder)
    assert synced.loaded() == synced.served(FIRST, LAST)
    assert reconciler(synced).recount(found).comparison.differences == ()


def test_promise_4_events_that_were_deleted_are_found_too(synced):
    gone = synced.sandbox.dataset.events_on(day(8))[:5]
    synced.sandbox.dataset.remove_events(lambda event: event in gone)

    assert differences(reconciler(synced).compare()) == [(day(8), 35, 40)]


def test_a_comparison_takes_two_requests_for_any_number_of_days(synced):
    found = reconciler(synced).compare()

    # Of twelve days, the last five are refetched by the next run.
    assert (differences(found), len(found.days), found.requests) == ([], 7, 2)
    asked = [call.path for call in synced.sandbox.requests]
    assert sorted(asked) == ["/api/app/me", "/api/query/events", "/api/query/events/names"]


def test_only_the_days_that_were_named_are_compared(synced):
    for back in (9, 7):
        when = synced.sandbox.dataset.events_on(day(back))[0].time_ms
        synced.sandbox.dataset.add_event("late", when, distinct_id="u")

    found = reconciler(synced).compare(day(8), day(6))

    assert (found.days, differences(found)) == ((day(8), day(7), day(6)), [(day(7), 41, 40)])


def test_days_that_can_not_be_compared_are_refused(synced):
    with pytest.raises(ConfigError, match="can't be compared"):
        reconciler(synced).compare(LAST, FIRST)


def test_without_a_published_file_there_is_nothing_to_compare(project):
    with pytest.raises(NothingPublishedError, match="mp sync"):
        reconciler(project).compare()


def test_days_are_those_of_the_projects_reports(tmp_path, monkeypatch):
    """In Auckland a report's day begins in the middle of an export's: both days of the export are reread."""
    monkeypatch.chdir(tmp_path)
    today = LAST + timedelta(days=1)
    monkeypatch.setattr("mixpanel_data._internal.run.context.today", lambda _zone: today)
    with Sandbox(today=today, timezone="Pacific/Auckland") as sandbox:
        project = Project(sandbox, tmp_path / "data")
        noon = datetime.combine(day(6), datetime.min.time(), tzinfo=UTC) + timedelta(hours=12)
        for n in range(48):
            sandbox.dataset.add_event("e", noon + timedelta(hours=n - 24), insert_id=str(n))
        project.sync(day(8), day(3))
        by_hand.build_and_publish(project.folder)
        assert differences(reconciler(project).compare()) == []

        sandbox.dataset.add_event("e", noon, insert_id="late")  # there it is past midnight
        found = reconciler(project).compare()

    assert [each.day for each in found.comparison.differences] == [day(5)]
    assert found.to_reload == [day(6), day(5)]


def test_promise_4_status_shows_how_late_events_come(project, fill, capsys, monkeypatch):
    fill(8)
    late = project.sandbox.dataset.events_on(day(4))[0].time_ms
    for days in (2, 4):
        project.sandbox.dataset.add_event(
            "late", late, distinct_id="u", mp_processing_time_ms=late + days * 86_400_000
        )
    project.sync(day(7), LAST)

    status = read_status(project.settings())

    assert status.late == 2
    assert status.to_dict()["latest_arrival"] == {"day": str(day(4)), "days_after": 3.0}
    monkeypatch.setenv("MP_DATA_DIR", str(project.folder))
    from mixpanel_data.cli.app import run

    assert run(["status", "--days", "--format", "jsonl"]) == 0
    rows = {row["day"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(rows) == 8
    assert (rows[str(day(4))]["late_events"], rows[str(day(4))]["days_after"]) == (2, 3.0)
    assert (rows[str(day(3))]["late_events"], rows[str(day(3))]["days_after"]) == (0, 0.0)
    assert (rows[str(day(4))]["events"], rows[str(day(4))]["events_before"]) == (42, None)
    assert run(["status"]) == 0
    assert f"2 events more than a day after they happened; the newest of {day(4)} 3.0 days" in (
        capsys.readouterr().out
    )


# -- verdicts: each situation is made at the server, and judged from outside


def verdicts(found: Reconciliation) -> list[tuple[date | None, str, str]]:
    return [(each.day, each.event, each.verdict) for each in found.verdicts]


def one_event(project: Project, back: int, name: str = "event 0") -> int:
    """The time of an event of a day, in milliseconds."""
    return next(e for e in project.sandbox.dataset.events_on(day(back)) if e.name == name).time_ms


@pytest.fixture
def without_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repair builds by hand; the test of the command has the real build."""

    def build(folder: DataFolder, **_: Any) -> BuildResult:
        by_hand.build(folder.root)
        return BuildResult((), 0.0, fresh=False)

    monkeypatch.setattr("mixpanel_data.sync.job.dbt_build.build", build)


@pytest.mark.usefixtures("without_dbt")
def test_late_events_are_repaired_within_the_requests_allowed_newest_first(synced):
    for back in (9, 7):
        synced.sandbox.dataset.add_event("event 0", one_event(synced, back), insert_id="late")
    it = reconciler(synced)
    found = it.compare()
    it.record(found, publication=False)
    assert verdicts(found) == [(day(9), "event 0", "late"), (day(7), "event 0", "late")]

    done = it.repair(found, lock_wait=0, max_requests=1)

    assert ([each.day for each in done.report.days], done.left) == ([day(7)], (day(9),))
    assert verdicts(it.recount(found)) == [(day(9), "event 0", "late")]


@pytest.mark.usefixtures("without_dbt")
def test_events_deleted_in_lexicon_are_still_exported_then_gone(synced):
    gone = synced.sandbox.dataset.events_on(day(8))[:5]
    synced.sandbox.dataset.delete_in_lexicon(lambda event: event in gone)
    it = reconciler(synced)

    first = it.compare()
    it.record(first, publication=False)
    it.repair(first, lock_wait=0)
    second = it.recount(first)
    it.record(second)
    after_days = reconciler(synced).compare()
    synced.sandbox.dataset.remove_events(lambda event: event in gone)

    assert {verdict for *_, verdict in verdicts(first)} == {"deleted"}
    assert {verdict for *_, verdict in verdicts(second)} == {"still_exported"}
    # A scheduled repair does not refetch the day at each run.
    assert (verdicts(after_days), after_days.to_reload) == (verdicts(second), [])
    later = evidence_after(synced, after_days, timedelta(days=38))
    assert {each.verdict for each in later} == {"deleted"}


def evidence_after(project: Project, found: Reconciliation, passed: timedelta) -> list[Judged]:
    """The verdicts of the same counts some time later, without a fetch in between."""
    ledger = read_ledger(project.folder / "raw.duckdb")
    rows = read_rows(project.folder / "reconciliations.jsonl")
    here = {(e.day, e.event): e.here for e in found.verdicts if e.day}
    there = {(e.day, e.event): e.mixpanel for e in found.verdicts if e.day}
    evidence = Evidence(
        now=found.compared_at + passed,
        fetched={d: record.fetched_at for d, record in ledger.days.items()},
        former=rows,
    )
    return judge(sorted({d for d, _ in here}), there, here, evidence)


def test_a_late_event_that_a_fetch_of_the_next_day_lacks_is_unknown():
    seen = datetime(2026, 3, 1)
    row = ReconciliationRow(seen, day(9), day(5), 5, day(7), "e", 3, 2, "late")

    def verdict(fetched: datetime, *rows: ReconciliationRow) -> str:
        evidence = Evidence(now=fetched, fetched={day(7): fetched}, former=rows)
        return judge([day(7)], {(day(7), "e"): 3}, {(day(7), "e"): 2}, evidence)[0].verdict

    assert verdict(seen + timedelta(hours=1), row) == "late"  # the export lags behind the reports
    assert verdict(seen + timedelta(days=2), row) == "unknown"
    # Other counts in between: another difference.
    other = replace(row, compared_at=seen + timedelta(days=3), mixpanel_count=4)
    assert verdict(seen + timedelta(days=4), row, other) == "late"


def test_events_merged_in_lexicon_are_renamed_and_not_refetched(synced):
    synced.sandbox.dataset.saved.merged_events["event 2"] = "event 1"

    found = reconciler(synced).compare()

    assert {(event, verdict) for _, event, verdict in verdicts(found)} == {
        ("event 1", "renamed"),
        ("event 2", "renamed"),
    }
    assert (found.verdicts[-1].day, found.to_reload) == (None, [])


@pytest.mark.parametrize("state", ["hidden", "dropped"])
def test_events_that_lexicon_hides_or_drops_are_named(synced, state):
    metadata = {"com.mixpanel": {"hidden": True, state: True}}
    entry = Entry("event", "event 2", {"metadata": metadata})
    synced.sandbox.dataset.saved.lexicon.append(entry)
    synced.sandbox.project.hidden_counted = False

    found = reconciler(synced).compare()

    assert verdicts(found) == [(None, "event 2", state)]
    assert found.comparison.not_in_reports == ("event 2",)
    synced.sandbox.dataset.saved.lexicon.clear()
    assert verdicts(reconciler(synced).compare()) == []


def test_a_lexicon_that_can_not_be_read_costs_its_verdicts_only(synced):
    synced.sandbox.dataset.saved.lexicon.append(
        Entry("event", "event 2", {"metadata": {"com.mixpanel": {"hidden": True}}})
    )
    synced.sandbox.project.hidden_counted = False
    path = f"/api/app/projects/{synced.sandbox.credentials.project_id}/schemas"
    synced.sandbox.faults.add(Fault(FaultKind.STATUS_403, path=path, times=None))

    assert verdicts(reconciler(synced).compare()) == [(None, "event 2", "not_counted")]


def test_reports_that_sample_are_recognized(project):
    for back in range(12):
        midnight = datetime.combine(day(back), datetime.min.time(), tzinfo=UTC)
        for n in range(83):
            project.sandbox.dataset.add_event("e", midnight, distinct_id=f"u{n}")
    project.sync(FIRST, LAST)
    by_hand.build_and_publish(project.folder)
    project.sandbox.project.sampled = True

    found = reconciler(project).compare()

    assert {verdict for *_, verdict in verdicts(found)} == {"sampling"}
    assert found.to_reload == []


def test_days_that_mixpanel_no_longer_keeps_are_never_refetched(synced):
    expired = (day(11), day(10))
    synced.sandbox.dataset.remove_events(lambda event: event.day in expired)

    found = reconciler(synced).compare()

    assert {(when, verdict) for when, _, verdict in verdicts(found)} == {
        (when, "plan") for when in expired
    }
    assert found.to_reload == []


def test_days_beyond_the_history_of_the_plan_are_left_out(synced):
    synced.sandbox.project.history_days = 9

    found = reconciler(synced).compare()

    assert (found.days[0], found.plan_days, found.requests) == (day(8), 9, 3)
    assert found.verdicts == ()


@pytest.mark.parametrize("really", ["project", "utc"])
def test_a_wrong_time_basis_is_recognized(tmp_path, monkeypatch, really):
    monkeypatch.chdir(tmp_path)
    today = LAST + timedelta(days=1)
    monkeypatch.setattr("mixpanel_data._internal.run.context.today", lambda _zone: today)
    zone = "America/New_York"
    with Sandbox(today=today, timezone=zone, time_basis=really) as sandbox:
        project = Project(sandbox, tmp_path / "data")
        noon = datetime.combine(day(6), datetime.min.time(), tzinfo=UTC) + timedelta(hours=12)
        for n in range(-96, 72):
            for twin in range(n % 7):
                sandbox.dataset.add_event("e", noon + timedelta(hours=n), insert_id=f"{n} {twin}")
        wrong = {"time_basis": "project" if really == "utc" else "utc", "project_timezone": zone}
        project.sync(day(9), day(3), **wrong)
        by_hand.build_and_publish(project.folder)

        found = reconciler(project, **wrong).compare(day(8), day(4))

    assert {verdict for *_, verdict in verdicts(found)} == {"time_basis"}
    assert found.to_reload == []


def test_comparisons_are_kept_and_published_as_a_table(synced):
    it = reconciler(synced)
    assert it.record(it.compare()) is True
    synced.sandbox.dataset.add_event("event 0", one_event(synced, 9), insert_id="late")
    assert it.record(found := it.compare()) is True

    with duckdb.connect(synced.folder / "mixpanel.duckdb", read_only=True) as published:
        rows = published.sql(
            "SELECT days_compared, event_date, event, mixpanel_count, published_count, verdict "
            "FROM _reconciliations ORDER BY compared_at"
        ).fetchall()
    assert rows == [(7, *[None] * 5), (7, day(9), "event 0", 15, 14, "late")]
    # The table is no sign of a project's own tables, and a rebuild keeps the history.
    (synced.folder / "build" / "next.duckdb").unlink()
    by_hand.build_and_publish(synced.folder)
    with exclusive(synced.settings().folder):
        assert it.record(found) is False  # a run has the folder: its publication has it
    assert len(read_rows(synced.folder / "reconciliations.jsonl")) == 3


def test_a_half_line_of_a_killed_process_costs_that_line_only(tmp_path):
    path = tmp_path / "r.jsonl"
    row = ReconciliationRow(datetime(2026, 3, 1, 12), day(3), day(1), 3)
    append_rows(path, [row])
    with path.open("ab") as file:
        file.write(b'{"compared_at": "2026-')
    append_rows(path, [row])

    assert read_rows(path) == [row, row]
    with duckdb.connect() as db:
        write_table(db, path)
        assert db.sql("SELECT count(*) FROM _reconciliations").fetchall() == [(2,)]


DAYS = st.integers(0, 3).map(day)
COUNTS = st.dictionaries(
    st.tuples(DAYS, st.sampled_from(["a", "b", "c"])), st.integers(1, 3), max_size=12
)


@given(COUNTS, COUNTS)
def test_a_day_differs_where_an_event_does_that_reports_know(mixpanel: Counts, here: Counts):
    found = compare(mixpanel, here)

    known = {event for _, event in mixpanel}
    assert found.not_in_reports == tuple(sorted({event for _, event in here} - known))
    different = {
        d
        for d, event in mixpanel.keys() | here.keys()
        if event in known and mixpanel.get((d, event), 0) != here.get((d, event), 0)
    }
    assert [each.day for each in found.differences] == sorted(different)
    for each in found.differences:
        assert each.mixpanel == sum(n for (d, _), n in mixpanel.items() if d == each.day)


@given(COUNTS, COUNTS, COUNTS)
def test_every_difference_has_one_verdict_and_nothing_else_has(
    mixpanel: Counts, here: Counts, other: Counts
):
    days = [day(3), day(2), day(1), day(0)]

    found = judge(days, mixpanel, here, Evidence(datetime(2026, 3, 11), other_bases=[other]))

    known = {event for _, event in mixpanel}
    differing = {
        cell
        for cell in mixpanel.keys() | here.keys()
        if cell[1] in known and mixpanel.get(cell, 0) != here.get(cell, 0)
    }
    judged = [(each.day, each.event) for each in found if each.day]
    assert len(judged) == len(set(judged))
    plan = {(e.day, e.event) for e in found if e.verdict == "plan"}
    assert differing <= set(judged) <= differing | plan
    assert all(each.mixpanel != each.here for each in found)


@given(
    st.dates(date(2012, 1, 1), date(2026, 12, 31)),
    st.sampled_from(["Pacific/Auckland", "America/New_York", "UTC"]),
)
def test_the_export_days_of_a_report_day_hold_all_its_events(day, name):
    zone = ZoneInfo(name)
    midnight = datetime.combine(day, datetime.min.time(), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    last = end.astimezone(UTC) - timedelta(microseconds=1)

    assert export_days(day, zone, UTC)[0] == midnight.astimezone(UTC).date()
    assert export_days(day, zone, UTC)[-1] == last.date()
    assert export_days(day, zone, zone) == [day]


@given(st.sets(st.text(min_size=1, max_size=255), max_size=100))
def test_every_name_is_in_one_list_and_no_list_is_too_long_for_an_address(names):
    lists = list(lists_of(names))

    assert sorted(name for some in lists for name in some) == sorted(names)
    for some in lists:
        assert (
            len(some) == 1 or len(quote(json.dumps(some, ensure_ascii=False))) <= LONGEST_LIST + 100
        )


def test_a_name_that_is_too_long_for_an_address_is_left_out():
    assert list(lists_of(["a", "é" * 1_100, "x" * LONGEST_LIST])) == [["a"]]


def test_days_that_are_not_here_whole_are_not_compared():
    end = datetime(2026, 3, 11)

    def record(when: date, *, fetched: datetime, part: str = "") -> DayRecord:
        return (
            DayRecord(when, end, 1, 0, 0, 0, fetched, "1", part)
            if part
            else DayRecord(when, end, 1, 0, 0, 0, fetched, "1")
        )

    later = end + timedelta(hours=1)
    ledger = Ledger(
        {
            day(3): record(day(3), fetched=later),
            day(2): record(day(2), fetched=end - timedelta(hours=1)),
            day(1): record(day(1), fetched=later, part="a filter"),
            day(0): record(day(0), fetched=later),
        }
    )

    assert comparable(ledger, Window(day(5), day(0)), UTC, UTC) == [day(3), day(0)]
    assert comparable(ledger, Window(day(5), day(0)), ZoneInfo("Asia/Tokyo"), UTC) == []


def test_days_that_a_run_rereads_by_itself_are_left_to_it():
    ledger = Ledger(
        {
            d: DayRecord(d, datetime(2026, 1, 1), 0, 0, 0, 0, datetime(2026, 1, 2), "1")
            for d in (day(9), day(0))
        }
    )

    assert default_window(ledger, today=LAST + timedelta(days=1), lookback_days=5) == Window(
        day(9), day(5)
    )
    assert default_window(EMPTY, today=LAST, lookback_days=5) is None
