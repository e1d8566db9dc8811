"""Results: fields and columns are contracts, and no result surprises JSON, pickle or a person who prints it."""

import dataclasses
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixpanel_data
from mixpanel_data import ConfigError, MixpanelDataError, types
from mixpanel_data.types import (
    ActivityFeedResult,
    CohortInfo,
    ColumnInfo,
    EventCountsResult,
    FetchResult,
    FrequencyResult,
    FunnelResult,
    FunnelStep,
    InsightsResult,
    JQLResult,
    NumericAverageResult,
    NumericBucketResult,
    NumericSumResult,
    PropertyCountsResult,
    RetentionResult,
    SavedReportResult,
    SegmentationResult,
    TableSchema,
    UserEvent,
)
from mixpanel_data.types._fetched import StoredRows

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
DAYS = {"from_date": "2024-01-01", "to_date": "2024-01-02"}
COUNTS = {"2024-01-01": 3, "2024-01-02": 0}
SECRET = {"raw": "only for who asks"}

RESULTS = [
    FetchResult("events", 2, "events", 1.5, ("2024-01-01", "2024-01-02"), NOW, _data=[{"a": 1}, {"b": 2}]),
    SegmentationResult("Paid", **DAYS, unit="day", segment_property=None, total=3, series={"Paid": COUNTS}, _data=SECRET),
    FunnelResult(7, "Signup", **DAYS, conversion_rate=0.5, steps=[FunnelStep("A", 4, 1.0), FunnelStep("B", 2, 0.5)], _data=SECRET),
    RetentionResult("A", None, **DAYS, unit="day", cohorts=[CohortInfo("2024-01-01", 4, [0.5, 0.25]), CohortInfo("2024-01-02", 2, [1.0])], _data=SECRET),
    JQLResult([{"key": ["a"], "value": 1}]),
    EventCountsResult(["Paid"], **DAYS, unit="day", type="general", series={"Paid": COUNTS}, _data=SECRET),
    PropertyCountsResult("Paid", "plan", **DAYS, unit="day", type="unique", series={"pro": COUNTS}, _data=SECRET),
    NumericBucketResult("Paid", **DAYS, unit="day", property_expression="x", series={"0 - 10": COUNTS}, _data=SECRET),
    NumericSumResult("Paid", **DAYS, unit="day", property_expression="x", results={"2024-01-01": 2.5}, _data=SECRET),
    NumericAverageResult("Paid", **DAYS, unit="day", property_expression="x", results={"2024-01-01": 2.5}, _data=SECRET),
    FrequencyResult(None, **DAYS, unit="day", addiction_unit="hour", data={"2024-01-01": [5, 2], "2024-01-02": [1]}, _data=SECRET),
    InsightsResult(9, "2024-02-01T00:00:00+00:00", "2024-01-01", None, ["$event"], {"Paid": COUNTS}, _data=SECRET),
    ActivityFeedResult(["u1"], **DAYS, events=[UserEvent("Paid", NOW, "u1", {"plan": "pro"})], _data=SECRET),
    TableSchema("events", [ColumnInfo("event", "VARCHAR")]),
]  # fmt: skip
COLUMNS = {
    SegmentationResult: ["date", "segment", "count"],
    FunnelResult: ["step", "event", "count", "conversion_rate"],
    RetentionResult: ["cohort_date", "cohort_size", "period_0", "period_1"],
    JQLResult: ["key", "value"],
    FetchResult: ["a", "b"],
    EventCountsResult: ["date", "event", "count"],
    PropertyCountsResult: ["date", "value", "count"],
    NumericBucketResult: ["date", "bucket", "count"],
    NumericSumResult: ["date", "sum"],
    NumericAverageResult: ["date", "average"],
    FrequencyResult: ["date", "at_least_1", "at_least_2"],
    InsightsResult: ["$event", "date", "count"],
    ActivityFeedResult: ["event", "time", "distinct_id", "properties"],
    TableSchema: ["name", "type", "nullable", "comment"],
}
FIELDS = {
    FetchResult: ["table", "rows", "type", "duration_seconds", "date_range", "fetched_at"],
    SegmentationResult: ["event", "from_date", "to_date", "unit", "segment_property", "total", "series"],
    FunnelStep: ["event", "count", "conversion_rate"],
    FunnelResult: ["funnel_id", "funnel_name", "from_date", "to_date", "conversion_rate", "steps"],
    CohortInfo: ["date", "size", "retention"],
    RetentionResult: ["born_event", "return_event", "from_date", "to_date", "unit", "cohorts"],
    JQLResult: ["raw"],
}  # fmt: skip

each_result = pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)


@each_result
def test_a_result_prints_as_json(result):
    written = json.loads(json.dumps(result.to_dict(), allow_nan=False))

    public = [f.name for f in dataclasses.fields(result) if not f.name.startswith("_")]
    assert list(written) == public


@each_result
def test_a_frame_has_the_columns_of_the_contract(result):
    assert list(result.df.columns) == COLUMNS[type(result)]


@each_result
def test_a_frame_is_made_once(result):
    assert result.df is result.df


@each_result
def test_a_result_without_rows_has_a_frame_too(result):
    emptied = {
        f.name: type(value)()
        for f in dataclasses.fields(result)
        if isinstance(value := getattr(result, f.name), dict | list) and f.name != "headers"
    }
    empty = dataclasses.replace(result, **emptied)

    assert len(empty.df) == 0


@each_result
def test_a_result_survives_pickling_before_and_after_its_frame_was_made(result):
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301
    assert result.df is not None
    copy = pickle.loads(pickle.dumps(result))  # noqa: S301

    assert copy == result
    assert copy.df.equals(result.df)


@each_result
def test_a_result_can_not_be_changed(result):
    first = dataclasses.fields(result)[-1].name
    for name in (first, "df", "anything"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, name, None)


@each_result
def test_what_mixpanel_sent_is_kept_but_not_printed(result):
    assert "only for who asks" not in repr(result)
    if isinstance(result, types.base.Answer):
        assert result.raw == SECRET


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_the_fields_of_the_contract(kind):
    assert [f.name for f in dataclasses.fields(kind) if not f.name.startswith("_")] == FIELDS[kind]


@pytest.mark.parametrize("name", [n for n in types.__all__ if n != "SavedReportResult"])
def test_every_type_is_frozen_and_documented(name):
    kind = getattr(types, name)

    assert kind.__dataclass_params__.frozen
    assert kind.__doc__
    assert not kind.__doc__.startswith(
        f"{name}("
    )  # what dataclasses write where there is no docstring


def test_the_top_of_the_package_has_the_types_of_the_first_phase():
    for name in [*(kind.__name__ for kind in FIELDS), "FunnelStep", "CohortInfo"]:
        assert getattr(mixpanel_data, name) is getattr(types, name)
        assert name in mixpanel_data.__all__
    assert SavedReportResult is InsightsResult


def test_importing_the_package_imports_nothing_heavy():
    heavy = ["pandas", "numpy", "duckdb", "httpx", "dlt", "pydantic"]
    script = f"import sys, mixpanel_data, mixpanel_data.types; print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


# -- frames


def test_a_period_that_has_not_begun_is_missing():
    [retention] = [r for r in RESULTS if isinstance(r, RetentionResult)]

    assert retention.df["period_0"].tolist() == [0.5, 1.0]
    assert retention.df["period_1"].isna().tolist() == [False, True]


def test_fetched_rows_are_read_when_they_are_asked_for_and_only_once():
    import pandas as pd

    reads = []

    def read():
        reads.append(1)
        return pd.DataFrame({"event": ["Paid"]})

    result = FetchResult("events", 1, "events", 0.1, None, NOW, _data=StoredRows(read, read, read))
    assert reads == []

    assert result.df["event"].tolist() == ["Paid"]
    assert result.df is result.df
    assert reads == [1]


def test_fetched_rows_stay_behind_when_their_result_moves_to_another_process():
    result = FetchResult(
        "events", 1, "events", 0.1, None, NOW, _data=StoredRows(*[lambda: None] * 3)
    )

    moved = pickle.loads(pickle.dumps(result))  # noqa: S301

    assert moved == result
    with pytest.raises(MixpanelDataError, match="table 'events'"):
        _ = moved.df


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    fresh = dataclasses.replace(RESULTS[1])

    with pytest.raises(ConfigError, match=r"pip install 'mixpanel-data\[pandas\]'"):
        _ = fresh.df
    assert fresh.records() == [
        {"date": "2024-01-01", "segment": "Paid", "count": 3},
        {"date": "2024-01-02", "segment": "Paid", "count": 0},
    ]


@pytest.mark.parametrize(
    ("raw", "columns", "rows"),
    [
        ([], ["value"], 0),
        ([1, 2], ["value"], 2),
        ([{"a": 1}, {"b": 2}], ["a", "b"], 2),
        ([{"a": 1}, 2], ["value"], 2),
        ({"a": 1}, ["a"], 1),
        ("text", ["value"], 1),
        (None, ["value"], 1),
        ([[1, 2], [3]], ["value"], 2),
    ],
)
def test_a_script_may_return_anything(raw, columns, rows):
    frame = JQLResult(raw).df

    assert (list(frame.columns), len(frame)) == (columns, rows)


def test_a_report_nested_deeper_than_its_headers_say():
    series = {"Paid": {"pro": {"2024-01-01": 1}}, "Seen": {"free": {"2024-01-01": 2}}}

    two = InsightsResult(1, None, None, None, ["$event", "plan"], series)
    one = dataclasses.replace(two, headers=["$event"])

    assert two.records()[0] == {"$event": "Paid", "plan": "pro", "date": "2024-01-01", "count": 1}
    assert one.records()[1] == {
        "$event": "Seen",
        "level_1": "free",
        "date": "2024-01-01",
        "count": 2,
    }


def test_a_report_without_dates():
    bars = InsightsResult(1, None, None, None, ["$event"], {"Paid": 3})

    assert bars.records() == [{"$event": "Paid", "date": None, "count": 3}]


def test_a_report_split_by_a_property_called_date():
    result = InsightsResult(1, None, None, None, ["date"], {"x": {"2024-01-01": 1}})

    assert result.records() == [{"date": "x", "date_2": "2024-01-01", "count": 1}]


# -- any values

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_any_answer_of_a_script_is_json_and_survives_pickling(raw):
    result = JQLResult(raw)

    json.dumps(result.to_dict(), allow_nan=False)
    assert repr(pickle.loads(pickle.dumps(result))) == repr(result)  # noqa: S301


@given(
    st.dictionaries(
        st.text(), st.dictionaries(st.text(), st.integers(0, 10**20), max_size=3), max_size=3
    )
)
def test_a_row_for_each_number_of_any_series(series):
    result = SegmentationResult("e", "2024-01-01", "2024-01-02", "day", None, 0, series)

    assert len(result.df) == sum(map(len, series.values()))
    assert json.loads(json.dumps(result.to_dict()))["series"] == series
