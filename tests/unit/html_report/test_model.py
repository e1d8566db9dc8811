"""What a report says is what the tables say, of few rows however many there are."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.made_file import FIRST, ODD_NAMES, MadeFile, full
from unit.html_report.conftest import GAP, forget, read

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.html_report.model_settings import Definitions
from mixpanel_data._internal.html_report.published_tables import Unavailable, open_published_tables
from mixpanel_data._internal.html_report.render import chart_specs, render_page
from mixpanel_data._internal.html_report.sections.revenue import revenue_column
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import ConfigError, NothingPublishedError


def there(section: Any) -> Any:
    assert not isinstance(section, Unavailable), section
    return section


def test_headlines_are_those_of_the_newest_whole_day(odd: MadeFile) -> None:
    report = read(odd)
    activity = there(there(report.sections).activity)

    assert report.span == Window(date(2026, 6, 11), date(2026, 9, 8))
    assert activity.day == date(2026, 9, 7)  # the 8th is partial
    with duckdb.connect(odd.path, read_only=True) as db:
        sql = "select dau, wau, mau from daily_active_users where event_date = ?"
        now, week, month = (
            db.execute(sql, [day]).fetchone() or ()
            for day in ("2026-09-07", "2026-08-31", "2026-08-08")
        )
    assert (activity.dau.value, activity.wau.value, activity.mau.value) == now
    assert (activity.dau.before, activity.wau.before, activity.mau.before) == (
        week[0],
        week[1],
        month[2],
    )
    assert activity.mau.change == pytest.approx(now[2] / month[2] - 1)


def test_a_comparison_needs_whole_windows(tmp_path: Path) -> None:
    activity = there(there(read(full(tmp_path, days=31)).sections).activity)

    assert activity.wau.before is not None
    assert activity.mau.before is None  # 30 days before, MAU looked back on one day
    assert activity.has_lower_bounds


def test_gaps_are_the_days_that_are_not_there(odd: MadeFile) -> None:
    freshness = there(read(odd).freshness)

    forty = FIRST + timedelta(days=40)
    sixty = FIRST + timedelta(days=60)
    assert freshness.gaps == (Window(forty, forty + timedelta(days=1)), Window(sixty, sixty))
    assert (freshness.days_missing, freshness.days_wanted, freshness.days_behind) == (3, 100, 1)
    assert [each.start for each in freshness.stored if each.missing_days] == [
        forty,
        forty + timedelta(days=1),
        sixty,
    ]


def test_a_funnel_counts_attempts_of_the_days_shown(odd: MadeFile) -> None:
    first, not_entered = there(there(read(odd, first=date(2026, 8, 1)).sections).funnels)

    days = [(date(2026, 8, 1) - FIRST).days + n for n in range(39)]
    reached = [len(days), sum(i % 4 > 0 for i in days), sum(i % 4 > 2 for i in days)]
    assert [step.reached for step in first.steps] == reached
    assert first.steps[1].median_from_previous == 90
    assert first.steps[2].median_from_first == 7200
    assert first.steps[1].events == "Purchase 🎉 العربية or $ae_session"
    assert len(first.segments) == 6
    assert (not_entered.entries, not_entered.rate, len(not_entered.steps)) == (0, None, 2)


def test_users_of_an_event_are_distinct_over_all_days(odd: MadeFile) -> None:
    events = there(there(read(odd).sections).events)

    top = events.top[0]
    assert (top.count, top.users) == (sum(900 + i % 7 for i in range(10, 100)), 41)
    assert events.names == 8
    # 44 pairs of days that are wholly known
    assert sum(count or 0 for count in top.trend) == sum(900 + i % 7 for i in range(11, 99))


def test_days_asked_for_bound_everything(odd: MadeFile) -> None:
    report = read(odd, first=date(2026, 7, 1), last=date(2026, 7, 31))
    sections = there(report.sections)

    assert report.span == Window(date(2026, 7, 1), date(2026, 7, 31))
    assert len(there(sections.activity).active) == 31
    assert there(sections.activity).day == date(2026, 7, 31)
    assert len(there(sections.late).starts) == 31
    cohorts = there(sections.retentions)[0].cohorts
    assert [c.start for c in cohorts] == [None, *(date(2026, 7, day) for day in (6, 13, 20, 27))]


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (date(2026, 8, 1), date(2026, 7, 1), "--from 2026-08-01 is after --to 2026-07-01"),
        (date(2027, 1, 1), None, "the file has 2026-06-01 to 2026-09-08"),
        (None, date(2020, 1, 1), "the file has 2026-06-01 to 2026-09-08"),
    ],
)
def test_days_that_are_not_there_are_refused(
    odd: MadeFile, first: date | None, last: date | None, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        read(odd, first=first, last=last)


def test_ten_years_and_a_thousand_names_stay_few_rows(tmp_path: Path) -> None:
    made = full(tmp_path, days=3650, names=[f"Event {n:03}" for n in range(40)])
    made.fill(
        "daily_events",
        f"select date '{FIRST}' + 3600 as event_date, 'rare ' || n as event, 1 as event_count, false as is_partial from range(960) r(n)",
    )

    report = read(made, first=FIRST)

    sections = there(report.sections)
    assert there(sections.activity).unit == "month"
    assert len(there(sections.activity).active) <= 121
    assert len(there(sections.lifecycle).stages) <= 121
    assert len(there(report.freshness).stored) <= 121
    assert len(there(sections.late).starts) <= 121
    assert there(sections.events).names == 1000
    assert len(there(sections.events).top) == 20
    assert max(len(event.trend) for event in there(sections.events).top) <= 60
    assert [len(each.properties) for each in there(sections.catalogue)] == [30] * 20
    assert all(each.properties_in_all == 40 for each in there(sections.catalogue))
    for retention in there(sections.retentions):
        assert len(retention.cohorts) <= 15
    assert len(there(sections.anomalies).worst) == 10


def test_a_table_that_is_missing_costs_its_section_alone(tmp_path: Path) -> None:
    made = full(tmp_path)
    for table in (
        "funnel_attempts",
        "dq_days",
        "property_catalog",
        "profiles",
        "user_days",
    ):
        made.run(f'drop table "{table}"')
    made.run("alter table lifecycle rename column dormant_users to sleepers")

    report = read(made)

    sections = there(report.sections)
    assert isinstance(report.freshness, Unavailable)
    assert isinstance(sections.funnels, Unavailable)
    assert "no table funnel_attempts" in sections.funnels.reason
    assert isinstance(sections.lifecycle, Unavailable)
    assert "dormant_users" in sections.lifecycle.reason
    assert report.profiles is None
    assert there(sections.events).top[0].users is None
    assert there(sections.activity).dau.value is not None


def test_a_file_with_no_tables_at_all_is_an_empty_report(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "mixpanel.duckdb")).close()
    with open_published_tables(DataFolder.at(tmp_path)) as db:
        assert db.tables == frozenset()


def test_where_nothing_is_published_it_says_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(NothingPublishedError, match="Run `mp sync` first"),
        open_published_tables(DataFolder.at(tmp_path / "none")),
    ):
        pass


def test_a_publication_meanwhile_is_neither_hindered_nor_seen(tmp_path: Path) -> None:
    made, newer = full(tmp_path / "a", days=10), full(tmp_path / "b", days=20)
    count = "select count(*) from daily_active_users"

    with open_published_tables(DataFolder.at(made.folder)) as before:
        newer.path.replace(made.path)
        assert before.row(count) == (10,)
        with open_published_tables(DataFolder.at(made.folder)) as after:
            assert (before.row(count), after.row(count)) == ((10,), (20,))


def test_days_that_are_not_known_are_a_gap_and_no_comparison_uses_them(tmp_path: Path) -> None:
    made = full(tmp_path, days=60)
    first, last = FIRST + timedelta(days=48), FIRST + timedelta(days=50)
    forget(made, first, last)

    report = read(made)
    activity = there(there(report.sections).activity)

    assert activity.day == FIRST + timedelta(days=58)
    assert (activity.wau.value, activity.wau.is_partial, activity.wau.before) == (458, False, None)
    assert activity.wau.change is None
    assert activity.mau.is_partial
    assert activity.mau.change is None
    assert activity.events.before is None  # of the 7 days before, three are not known
    assert activity.new_users.is_partial
    gap = {str(first + timedelta(days=n)) for n in range(3)}
    drawn = chart_specs(report)
    for row in drawn["active"]["data"]["values"]:
        lines = [row[name] for name in ("dau", "wau", "mau", "wau_low", "mau_low")]
        assert (row["start"] in gap) == (row["dau"] is None)
        assert any(value is not None for value in lines) == (row["start"] not in gap)
    assert {row["start"] for row in drawn["active"]["data"]["values"]} >= gap
    trend = there(there(report.sections).events).top[0].trend
    assert [place - len(trend) for place, count in enumerate(trend) if count is None] == [
        -11,
        -10,
        -9,
    ]


def test_days_that_are_not_known_are_no_zeros_in_bars(gaps: MadeFile) -> None:
    report = read(gaps)
    sections = there(report.sections)

    unknown = {str(day) for day in GAP}
    drawn = chart_specs(report)
    for chart in ("sessions", "revenue", "lifecycle", "late"):
        rows = drawn[chart]["data"]["values"]
        assert {row["start"] for row in rows if row["unknown"]} == unknown
        assert {row["text"] for row in rows if row["unknown"]} == {"nothing is known"}
    starts = {each.start: each for each in there(sections.sessions).starts}
    assert [starts[day].sessions for day in GAP] == [None, None, None]
    assert starts[date(2026, 6, 10)].sessions == 7
    assert starts[date(2026, 7, 1)].is_partial
    assert not starts[date(2026, 6, 30)].is_partial


def test_a_known_day_without_sessions_or_payments_is_zero(tmp_path: Path) -> None:
    made = full(tmp_path, days=10)
    day = FIRST + timedelta(days=4)
    made.run("delete from sessions where session_date = ?", day)
    made.run("delete from events where event_date = ?", day)

    sections = there(read(made).sections)

    sessions = {each.start: each.sessions for each in there(sections.sessions).starts}
    revenue = {each.start: (each.amount, each.payments) for each in there(sections.revenue).starts}
    assert (sessions[day], revenue[day]) == (0, (0, 0))


def test_sessions_revenue_sources_and_countries_are_those_of_the_days_shown(odd: MadeFile) -> None:
    sections = there(read(odd, first=date(2026, 9, 1)).sections)
    sessions, revenue = there(sections.sessions), there(sections.revenue)
    sources, countries = there(sections.sources), there(sections.countries)

    assert sessions.figures.sessions == 8 * 8
    assert sessions.figures.users == 8
    assert (sessions.figures.median_seconds, sessions.figures.events) == (210, 4.5)
    assert sessions.figures.bounce_rate == 1 / 8
    assert len(sessions.systems) == 6
    assert (revenue.property, revenue.amount) == ("revenue", 8 * 12.5)
    assert (revenue.payments, revenue.users) == (16, 8)  # 0 is no payment
    assert [(each.amount, each.payments) for each in revenue.events] == [(80, 8), (20, 8)]
    assert {each.value for each in sources.sessions} == {None, *ODD_NAMES[:-1]}
    assert {each.figures.sessions for each in countries} == {8}
    [attribution] = sources.attributions
    assert (attribution.conversions, attribution.partial) == (8, 0)
    assert sum(each.linear for each in attribution.credits) == 8


def test_flows_are_the_paths_of_the_days_shown(odd: MadeFile) -> None:
    flows = there(there(read(odd, first=date(2026, 9, 1)).sections).flows)

    of_a_day = [n + 1 + 2 for n in range(len(ODD_NAMES))]
    assert flows.sessions == 8 * sum(of_a_day)
    first = [stage for stage in flows.stages if stage.step == 1]
    # The six most frequent have their names, the rest is one.
    assert [stage.event for stage in first] == [*reversed(ODD_NAMES[2:]), None]
    assert [stage.sessions for stage in first] == [*(8 * n for n in (10, 9, 8, 7, 6, 5)), 8 * 7]
    for stage in flows.stages:
        moves = [move.sessions for move in flows.moves if move.start is stage]
        assert sum(moves) == (stage.sessions if stage.step < 5 else 0)
        if stage.step > 1:
            assert stage.sessions == sum(m.sessions for m in flows.moves if m.end is stage)
    # Two of each name's sessions have two events.
    assert sum(m.sessions for m in flows.moves if m.start.step == 2 and m.end is None) == 8 * 16
    assert sum(m.sessions for m in flows.moves if m.start.step == 4 and m.end is None) == 4 * 36


def test_without_sessions_there_are_no_flows(tmp_path: Path) -> None:
    made = full(tmp_path, days=10)
    made.run("delete from session_paths")

    report = read(made)

    assert there(report.sections).flows is None
    assert 'id="flows"' not in render_page(report)


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ([], None),
        ([{"name": "revenue", "alias": "revenue", "type": "string"}], None),
        ([{"name": "price", "alias": "price", "type": "number"}], None),
        ([{"name": "$amount", "alias": "paid", "type": "integer"}], ("$amount", "paid")),
        (
            [{"name": "Order Value", "alias": "revenue", "type": "number"}],
            ("Order Value", "revenue"),
        ),
        (
            [
                {"name": "amount", "alias": "amount", "type": "number"},
                {"name": "Revenue", "alias": "rev", "type": "number"},
            ],
            ("Revenue", "rev"),
        ),
    ],
)
def test_revenue_is_a_column_of_numbers_with_that_name(
    properties: list[dict[str, str]], found: tuple[str, str] | None
) -> None:
    assert revenue_column(Definitions({"event_properties": properties})) == found


def test_what_a_project_does_not_send_has_no_section(tmp_path: Path) -> None:
    made = full(tmp_path, days=10, attributions=[], event_properties=[])
    made.run("update sessions set utm_source = null, country_code = null, os = null")

    report = read(made)
    sections = there(report.sections)

    assert (sections.revenue, sections.sources, sections.countries) == (None, None, None)
    assert there(sections.sessions).systems == ()
    text = render_page(report)
    assert 'id="sessions"' in text
    for absent in ("revenue", "sources", "countries"):
        assert f'id="{absent}"' not in text
        assert f'href="#{absent}"' not in text


def test_without_sessions_there_are_no_sections_about_them(tmp_path: Path) -> None:
    made = full(tmp_path, days=10)
    made.run("delete from sessions")
    made.run("delete from attribution_touches")

    sections = there(read(made).sections)

    assert (sections.sessions, sections.sources, sections.countries) == (None, None, None)
