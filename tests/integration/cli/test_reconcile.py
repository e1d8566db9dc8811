"""``mp reconcile``: days of long ago against Mixpanel's own counts."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from support.crash import by_hand

from mixpanel_data.sandbox import Dataset, Sandbox


def small_shop() -> tuple[Dataset, list[date]]:
    """Twelve days up to yesterday, with an event an hour."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=n) for n in range(12, 0, -1)]
    dataset = Dataset.empty()
    for day in days:
        midnight = datetime.combine(day, time(), tzinfo=UTC)
        for n in range(24):
            dataset.add_event("Bought", midnight + timedelta(hours=n), insert_id=f"{day}-{n}")
    return dataset, days


@pytest.mark.e2e
def test_promise_4_one_command_finds_and_loads_events_that_came_too_late(mp, tmp_path):
    dataset, days = small_shop()
    sync = ("sync", "--from", str(days[0]), "--only", "events", "--no-build")
    with Sandbox(dataset) as shop:
        assert mp(*sync, env=shop.env()).returncode == 0
        by_hand.build_and_publish(tmp_path / "data")
        noon = datetime.combine(days[1], time(12), tzinfo=UTC)
        for n in range(3):
            dataset.add_event("Very late", noon, distinct_id="u", insert_id=f"late {n}")

        counted = mp("reconcile", env=shop.env())
        reloaded = mp("reconcile", "--repair", "--format", "json", env=shop.env())
        after = mp("reconcile", env=shop.env())

    assert (counted.returncode, reloaded.returncode, after.returncode) == (0, 0, 0), reloaded.stderr
    assert f"{days[1]}" in counted.stdout
    assert "Very late" in counted.stdout
    assert "1 differs.\nlate (1): " in counted.stderr
    found = json.loads(reloaded.stdout)
    assert (found["differences"], found["reloaded_days"]) == ([], [str(days[1])])
    assert "none differ." in after.stderr
    assert "`mp reconcile --repair`" in counted.stderr
    sql = "SELECT verdict, event, count(*) AS n FROM _reconciliations GROUP BY ALL ORDER BY ALL"
    table = json.loads(mp("query", "sql", sql, "--format", "json").stdout)
    assert table == [
        {"verdict": "late", "event": "Very late", "n": 2},
        {"verdict": None, "event": None, "n": 2},
    ]
    sql = "SELECT count(*) AS n FROM events WHERE event = 'Very late'"
    assert json.loads(mp("query", "sql", sql, "--format", "json").stdout) == [{"n": 3}]


def test_without_anything_published_it_says_what_to_do(mp):
    with Sandbox() as shop:
        done = mp("reconcile", env=shop.env())

    assert (done.returncode, "mp sync" in done.stderr) == (4, True)
