"""What a person sees of results: short texts, and HTML in notebooks that is escaped and says how many rows there are."""

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data import types
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.publication.publish import Published
from mixpanel_data._internal.run.report import DayOutcome, SyncReport
from mixpanel_data.exceptions import APIError
from mixpanel_data.types import (
    FetchResult,
    JQLResult,
    SegmentationResult,
    TableInfo,
    WorkspaceInfo,
)
from mixpanel_data.types.rows import Rows

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
MANY = {f"value {n}": {f"day {day}": n * day for day in range(100)} for n in range(1000)}
LONG = SegmentationResult("Paid", "2024-01-01", "2024-01-02", "day", "plan", 7, MANY)


def test_a_long_result_has_a_short_text_that_says_what_is_left_out() -> None:
    assert repr(LONG).startswith("SegmentationResult(event='Paid', from_date='2024-01-01',")
    assert repr(LONG).endswith("... 996 more})")
    assert len(repr(LONG)) < 1000


def test_a_short_result_is_printed_whole() -> None:
    info = TableInfo("events", "events", 1234, NOW)

    assert repr(info) == (
        "TableInfo(name='events', type='events', row_count=1234, fetched_at='2024-02-01 12:00:00+00:00')"
    )


def test_a_long_text_in_a_result_is_cut() -> None:
    info = WorkspaceInfo("p" * 1000)

    assert f"{'p' * 100}'... 900 more" in repr(info)


def test_a_fetch_shows_what_was_not_loaded_as_it_came() -> None:
    plain = FetchResult("events", 2, "events", 1.5, None, NOW)
    with_duplicates = dataclasses.replace(plain, _duplicates=3)

    assert "duplicates" not in repr(plain)
    assert repr(with_duplicates).endswith(", duplicates=3)")
    assert "duplicates" in with_duplicates._repr_html_()


@pytest.mark.parametrize("name", types.__all__)
def test_every_result_has_the_short_text_and_html(name: str) -> None:
    kind = getattr(types, name)

    assert kind.__repr__.__module__.startswith("mixpanel_data")
    assert kind._repr_html_


# -- HTML


def test_a_table_in_a_notebook_shows_the_first_rows_and_the_number_of_all() -> None:
    html = LONG._repr_html_()

    assert "<th>date</th><th>segment</th><th>count</th>" in html
    assert html.count("<tr>") == 21
    assert "100,000 rows, 3 columns: the first 20 rows are shown" in html
    assert "event Paid, from_date 2024-01-01" in html
    assert len(html) < 5000


def test_a_table_with_all_its_rows_says_only_how_many() -> None:
    assert "<small>1 row, 1 column</small>" in Rows([(1,)], ["n"])._repr_html_()
    assert "<small>0 rows, 1 column</small>" in Rows([], ["n"])._repr_html_()


def test_a_wide_table_shows_its_first_columns() -> None:
    html = JQLResult([{f"column {n}": n for n in range(100)}])._repr_html_()

    assert html.count("<th>") == 30
    assert "1 row, 100 columns: the first 30 columns are shown" in html


HOSTILE = "<script>alert('x')</script>&\""


def test_names_and_values_are_escaped() -> None:
    shown = [
        Rows([(HOSTILE, {HOSTILE: [HOSTILE]})], [HOSTILE, "b"]),
        SegmentationResult(HOSTILE, "a", "b", "day", HOSTILE, 1, {HOSTILE: {HOSTILE: 1}}),
        JQLResult([{HOSTILE: HOSTILE}]),
        WorkspaceInfo(HOSTILE, tables=[HOSTILE]),
        SyncReport(warnings=[HOSTILE]),
    ]

    for each in shown:
        html = each._repr_html_()
        assert "&lt;script&gt;" in html
        assert "<script" not in html
        assert "alert('" not in html


def test_a_long_value_is_cut() -> None:
    html = Rows([("x" * 10_000,)], ["a"])._repr_html_()

    assert f"<td>{'x' * 100}…</td>" in html


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.characters(categories=["Cs", "Cc", "Lu", "Sm"])
    | st.dates()
    | st.datetimes()
    | st.binary()
    | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(values)
def test_any_value_is_shown_as_utf_8_and_in_short(value: object) -> None:
    rows = Rows([(value,)], ["a"])

    assert len(rows._repr_html_().encode()) < 2000
    assert repr(rows)
    assert len(repr(JQLResult(value))) < 50_000


# -- rows


def test_few_rows_are_printed_as_a_list_and_of_many_the_first() -> None:
    assert repr(Rows([(1, "a")], ["n", "t"])) == "[(1, 'a')]"
    assert repr(Rows(((n,) for n in range(1000)), ["n"])).endswith("(19,), ... 980 more rows]")


def test_rows_have_a_data_frame() -> None:
    frame = Rows([(1, "a"), (2, "b")], ["n", "n"]).df

    assert list(frame.columns) == ["n", "n_1"]
    assert frame.to_numpy().tolist() == [[1, "a"], [2, "b"]]


def test_a_repeated_name_gets_a_number_that_no_other_column_has() -> None:
    assert list(Rows([(1, 2, 3, 4)], ["n", "n_1", "n", "n"]).df.columns) == [
        "n",
        "n_1",
        "n_2",
        "n_3",
    ]


# -- the report of a sync

DAYS = [date(2024, 1, n) for n in range(1, 11)]


def test_a_printed_report_has_a_line_for_each_figure() -> None:
    report = SyncReport(
        wanted=Range(DAYS[0], DAYS[-1]),
        due=frozenset(DAYS),
        days=[DayOutcome(day, 1000, None, 0) for day in DAYS if day.day not in (3, 4, 8)],
        requests=3,
        repaired=2,
        failures=[APIError("Mixpanel did not answer.")],
        published=Published(Path("data/mixpanel.duckdb"), 10, {"events": 7000, "days": 7}),
        seconds=41.5,
    )

    assert str(report).splitlines() == [
        "days: 2024-01-01 to 2024-01-10, 7 days loaded",
        "events: 7,000",
        "repaired lines: 2",
        "missing days: 2024-01-03..2024-01-04, 2024-01-08",
        "failures: Mixpanel did not answer.",
        f"published: 2 tables in {Path('data/mixpanel.duckdb')}",
        "duration: 42 s, 3 requests",
    ]
    assert repr(report).startswith("<SyncReport days: 2024-01-01 to 2024-01-10, 7 days loaded; ")
    assert "7,000" in report._repr_html_()


def test_a_printed_report_lists_a_few_missing_days_and_the_number_of_the_others() -> None:
    odd = frozenset(date(2024, 1, n) for n in range(1, 31, 2))

    assert "2024-01-09, 10 more" in str(SyncReport(due=odd))


def test_an_empty_report_says_that_nothing_was_loaded() -> None:
    assert str(SyncReport()).splitlines() == [
        "days: 0 days loaded",
        "published: nothing",
        "duration: 0 s, 0 requests",
    ]
