"""Each thing that makes real exports hard is in the sample, as a line that shows it."""

import json
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest

from mixpanel_data.sandbox import Dataset

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def sample() -> Dataset:
    """The default sample."""
    return Dataset.sample(today=date(2026, 6, 1))


@pytest.fixture(scope="module")
def lines(sample: Dataset) -> list[bytes]:
    """Every line, as exported in milliseconds."""
    days = sample.days()
    return list(sample.lines(days[0], days[-1]))


@pytest.fixture(scope="module")
def events(lines: list[bytes]) -> list[tuple[str, dict[str, Any]]]:
    """Name and properties of every line."""
    records = [json.loads(line) for line in lines]
    return [(record["event"], record["properties"]) for record in records]


def _key(name: str, properties: dict[str, Any]) -> tuple[Any, ...]:
    as_ingested = properties.get("$distinct_id_before_identity", properties.get("distinct_id"))
    return name, properties["time"], as_ingested, properties["$insert_id"]


def _values(events, name: str) -> list[Any]:
    return [properties[name] for _, properties in events if name in properties]


def test_exact_duplicates(lines):
    repeated = [line for line, count in Counter(lines).items() if count > 1]

    assert sum(b'"$insert_id"' in line for line in repeated) > 100


def test_one_key_processed_twice_with_other_properties(events):
    versions = defaultdict(set)
    for name, properties in events:
        if "$insert_id" in properties:
            key = _key(name, properties)
            versions[key].add((properties["mp_processing_time_ms"], "corrected" in properties))

    assert sum(len(each) > 1 for each in versions.values()) > 100


def test_one_insert_id_on_other_names_and_other_users(events):
    by_insert_id = defaultdict(set)
    for name, properties in events:
        if "$insert_id" in properties:
            by_insert_id[properties["$insert_id"]].add((name, str(properties.get("distinct_id"))))
    shared = [each for each in by_insert_id.values() if len(each) > 1]

    assert any(len({name for name, _ in each}) > 1 for each in shared)
    assert any(len({user for _, user in each}) > 1 for each in shared)


def test_events_without_insert_id_two_of_them_the_same_in_everything(lines):
    without = [line for line in lines if b'"$insert_id"' not in line]

    assert len(without) >= 70
    assert len(without) - len(set(without)) == 10


def test_late_arrivals(events):
    lags = [p["mp_processing_time_ms"] - p["time"] for _, p in events]

    assert sum(lag > 3 * DAY_MS for lag in lags) >= 80
    assert max(lags) < 7 * DAY_MS


def test_type_drift(events):
    kinds = {type(value) for value in _values(events, "discount")}

    assert kinds == {float, int, str, bool, list, dict, type(None)}
    assert {type(value) for value in _values(events, "$browser_version")} == {int, str}


def test_names_that_differ_only_in_case_or_a_dollar(events):
    assert any({"plan", "Plan", "email", "$email"} <= set(properties) for _, properties in events)


def test_nested_values(events):
    assert any(cart and cart[0]["options"] == {"gift": False} for cart in _values(events, "cart"))
    assert any(
        value["list"][0]["of"]["objects"] == [1, None, "x"] for value in _values(events, "deep")
    )


def test_integers_no_float_can_hold(events):
    assert any(value > 2**53 and value % 2 for value in _values(events, "order_id"))
    assert 2**63 - 1 in _values(events, "big")
    assert 2**64 + 1 in _values(events, "bigger")
    assert 2**128 in _values(events, "biggest")


def test_characters_that_break_parsers_are_sent_as_they_are(lines):
    everything = b"".join(lines)

    for text in ("\u2028", "\u2029", "\u0085", "👩🏽‍🚀", "名前"):
        assert text.encode() in everything
    assert b"before\\u0000after" in everything
    assert all(line.count(b"\n") == 1 for line in lines)


@pytest.mark.parametrize(
    "name", ['a "quoted" name', "dotted.name", "slash/name", "back\\slash", "$.path", ""]
)
def test_awkward_property_names(events, name):
    assert _values(events, name)


def test_nulls(events):
    assert None in _values(events, "coupon")
    assert None in _values(events, "plan")


def test_ids_that_are_none(events):
    ids = [properties.get("distinct_id", "missing") for _, properties in events]

    assert ids.count("") >= 10
    assert ids.count(4) >= 10
    assert ids.count("missing") >= 10
    assert any(name == "Ad Spend" and "distinct_id" not in p for name, p in events)


def test_identity_of_the_simplified_system(events):
    rewritten = [p for _, p in events if p.get("$is_reshuffled")]
    anonymous = [p for _, p in events if str(p.get("distinct_id")).startswith("$device:")]
    pairs = {
        (p["$device_id"], p["$user_id"]) for _, p in events if {"$device_id", "$user_id"} <= set(p)
    }

    assert all(p["$distinct_id_before_identity"] == f"$device:{p['$device_id']}" for p in rewritten)
    assert all(p["distinct_id"] == f"$device:{p['$device_id']}" for p in anonymous)
    assert {p["$device_id"] for p in anonymous} & {device for device, _ in pairs}
    assert {"$identify", "$create_alias", "$merge"} <= {name for name, _ in events}


def test_odd_profiles(sample):
    profiles = sample.profiles()
    properties = [profile.properties for profile in profiles]

    assert sum(p is not None and p != {} and "$last_seen" not in p for p in properties) >= 50
    assert sum(isinstance(profile.distinct_id, int) for profile in profiles) == 3
    assert {} in properties
    assert None in properties
    assert any(p and {"plan", "Plan"} <= set(p) for p in properties)


def test_group_profiles_share_ids_with_users(sample):
    groups = {profile.distinct_id for profile in sample.profiles("1001")}

    assert groups & {profile.distinct_id for profile in sample.profiles()}
