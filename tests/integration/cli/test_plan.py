"""``mp plan`` says what ``mp sync`` will ask for."""

import csv
import json
import re
from datetime import timedelta

import pytest


def test_the_plan_is_what_the_sync_then_asks_for(mp, shop):
    first = str(shop.dataset.days()[0])
    mp("sync", "--from", first, "--no-build", "--only", "events", env=shop.env())
    shop.requests.clear()

    done = mp("plan", "--format", "json", env=shop.env())
    assert list(shop.requests) == []
    mp("sync", "--no-build", "--only", "events", env=shop.env())

    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    asked = [(call.params["from_date"], call.params["to_date"]) for call in shop.requests]
    assert [(r["from_date"], r["to_date"]) for r in plan["requests"]] == asked
    assert (plan["days_due"], plan["days_there"], plan["requests"][0]["days_there"]) == (5, 12, 5)
    assert plan["requests"][0]["expected_bytes"] > 0


def test_a_plan_beyond_the_budget_says_when_it_ends(mp, shop):
    done = mp(
        "plan",
        "--from",
        "2024-01-01",
        "--format",
        "json",
        env=shop.env() | {"MP_HOURLY_LIMIT": "2"},
    )

    plan = json.loads(done.stdout)
    assert plan["request_count"] > plan["budget_remaining"] == 2
    hours = plan["estimated_seconds"] / 3600
    assert hours == pytest.approx((plan["request_count"] - 1) // 2, abs=0.1)


def test_a_plan_in_text_ends_with_a_sentence(mp, shop):
    done = mp("plan", "--from", str(shop.dataset.days()[-2]), env=shop.env())

    assert done.returncode == 0
    assert "1 requests for 2 of 2 days" in done.stderr
    assert "the last of these can be sent now." in done.stderr


def test_a_plan_in_text_states_how_long_it_takes_within_the_budget(mp, shop):
    scarce = shop.env() | {"MP_HOURLY_LIMIT": "2"}

    done = mp("plan", "--from", "2024-01-01", env=scarce)

    assert re.search(r"can be sent in \d+ h( \d+ min)?, at 20\d\d-", done.stderr)


def test_days_of_unknown_size_are_estimated_or_unknown_never_0(mp, shop):
    first = shop.dataset.days()[-4]
    env = shop.env() | {"MP_START_DATE": str(first)}

    before = mp("plan", env=env).stdout
    mp("sync", "--from", str(first + timedelta(days=2)), "--no-build", "--only", "events", env=env)
    after = mp("plan", env=env).stdout
    rows = list(csv.DictReader(mp("plan", "--format", "csv", env=env).stdout.splitlines()))

    assert "unknown" in before
    assert re.search(r"about [\d.]+ KB", after)
    assert not re.search(r"\b0(\.0)? ?(MB|KB|bytes)", before + after)
    assert {row["is_estimate"] for row in rows} == {"True"}
    assert all(int(row["expected_bytes"]) > 0 for row in rows)
