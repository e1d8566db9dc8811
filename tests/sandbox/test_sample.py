"""The sample shop: the same every time, of the promised size, and shaped like a shop."""

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from mixpanel_data.sandbox import Dataset, Event

TODAY = date(2026, 6, 1)
DIGEST = """
import hashlib, sys
from datetime import date
from mixpanel_data.sandbox import Dataset
sample = Dataset.sample(today=date(2026, 6, 1), users=60)
print(hashlib.sha256(b"".join(event.line for event in sample.events())).hexdigest())
"""


@pytest.fixture(scope="module")
def sample() -> Dataset:
    """The default sample, up to the end of May 2026."""
    return Dataset.sample(today=TODAY)


@pytest.fixture(scope="module")
def events(sample: Dataset) -> list[Event]:
    """All its events."""
    return list(sample.events())


def _digest(dataset: Dataset) -> str:
    days = dataset.days()
    body = b"".join(dataset.body(days[0], days[-1], time_in_ms=True).plain())
    profiles = json.dumps([[p.distinct_id, p.properties] for p in dataset.profiles()])
    return hashlib.sha256(body + profiles.encode()).hexdigest()


def test_same_seed_and_day_give_the_same_bytes(sample):
    assert _digest(Dataset.sample(today=TODAY)) == _digest(sample)


def test_another_process_gives_the_same_bytes():
    here = Dataset.sample(today=TODAY, users=60)
    there = subprocess.run(
        [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True
    )

    lines = b"".join(event.line for event in here.events())
    assert there.stdout.strip() == hashlib.sha256(lines).hexdigest()


def test_another_seed_or_day_gives_others():
    small = {"users": 60, "days": 7}
    one, two = Dataset.sample(today=TODAY, **small), Dataset.sample(today=TODAY, seed=2, **small)
    later = Dataset.sample(today=TODAY + timedelta(days=1), **small)

    assert len({_digest(each) for each in (one, two, later)}) == 3


def test_size(sample, events):
    users = {event.properties.get("$user_id") for event in events} - {None}

    assert len(events) >= 50_000
    assert len(users) >= 500
    assert len(sample.profiles()) >= 500


def test_60_days_up_to_yesterday_each_with_events(sample):
    assert sample.days() == [TODAY - timedelta(days=60 - n) for n in range(60)]


def test_by_default_it_ends_yesterday(mixpanel_sample):
    assert mixpanel_sample.days()[-1] >= datetime.now(UTC).date() - timedelta(days=2)


def test_nothing_was_processed_before_it_happened_or_after_today(events):
    midnight = (TODAY - date(1970, 1, 1)).days * 86_400_000
    for event in events:
        assert event.time_ms <= event.properties["mp_processing_time_ms"] <= midnight + 100_000


def test_the_funnel_narrows(events):
    names = Counter(event.name for event in events)
    funnel = ["Product Viewed", "Product Added", "Cart Viewed", "Checkout Started", "Purchase"]

    assert all(names[a] > names[b] > 0 for a, b in pairwise(funnel))


def test_weekends_are_busier(events):
    by_weekday = Counter(event.day.weekday() for event in events)

    assert by_weekday[5] > 1.1 * by_weekday[1]


def test_new_users_come_back_less_and_less(events):
    joined = {e.properties["distinct_id"]: e.day for e in events if e.name == "Signed Up"}
    active = defaultdict(set)
    for event in events:
        who = event.properties.get("distinct_id")
        if who in joined:
            active[who].add((event.day - joined[who]).days)

    def returned(age: int) -> float:
        cohort = [who for who, day in joined.items() if (TODAY - day).days > age]
        return sum(age in active[who] for who in cohort) / len(cohort)

    assert 0.9 > returned(1) > 1.5 * returned(14) > 0


def test_a_purchase_is_what_the_cart_held(events):
    for event in events:
        if event.name == "Purchase":
            cart = event.properties["cart"]
            value = round(sum(item["price"] * item["quantity"] for item in cart), 2)
            assert event.properties["cart_value"] == value >= event.properties["revenue"] > 0


def test_profiles_agree_with_the_events(sample, events):
    last = defaultdict(int)
    for event in events:
        last[event.properties.get("distinct_id")] = max(
            last[event.properties.get("distinct_id")], event.time_ms
        )
    known = [p for p in sample.profiles() if str(p.distinct_id).startswith("user_")]

    assert len(known) > 1000
    assert all(profile.distinct_id in last for profile in known)


def test_each_experiment_begins_once_for_a_person_and_one_variant_buys_more(events):
    begun = defaultdict(list)
    for event in events:
        if event.name == "$experiment_started":
            given = event.properties
            begun[given["Experiment name"], given["$device_id"]].append(given["Variant name"])
    buyers = {
        event.properties.get("$device_id")
        for event in events
        if event.name == "Purchase" and event.day >= TODAY - timedelta(days=30)
    }

    def bought(variant: str) -> float:
        devices = {
            device
            for (name, device), variants in begun.items()
            if name == "Short checkout" and variant in variants
        }
        return len(devices & buyers) / len(devices)

    assert {name for name, _ in begun} == {"Short checkout", "Delivery banner"}
    assert all(len(set(variants)) == 1 for variants in begun.values())
    assert sum(map(len, begun.values())) < 1.05 * len(begun)  # exported twice: some
    assert bought("one page") > bought("control") > 0.2


def test_companies_have_users_and_profiles(sample, events):
    companies = {str(profile.distinct_id): profile for profile in sample.profiles("1001")}
    users = defaultdict(set)
    for event in events:
        given = event.properties
        if isinstance(given.get("company"), str | int):
            users[str(given["company"])].add(given["distinct_id"])
    profiles = {str(p.distinct_id): p.properties for p in sample.profiles() if p.properties}

    assert users.keys() == companies.keys()
    assert all(len(each) >= 5 for each in users.values())
    for company, ids in users.items():
        known = [profiles[each] for each in ids if str(each).startswith("user_")]
        assert {str(each["company"]) for each in known} == {company}


def test_users_come_from_several_campaigns(events):
    sources = defaultdict(set)
    for event in events:
        if source := event.properties.get("utm_source"):
            sources[event.properties.get("distinct_id")].add(source)

    assert sum(len(each) > 1 for each in sources.values()) > 100
