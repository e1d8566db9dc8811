"""How long a request waits, what is reported meanwhile, and the error when the wait would be too long."""

from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_data._internal.rate_limit.slots import take_slot
from mixpanel_data.cli.output.progress import BarProgress, LineProgress
from mixpanel_data.exceptions import RateLimitError

from .conftest import HOUR, START, answered, refused


def spend(budget, count):
    for _ in range(count):
        answered(budget)


def refused_until_it_gives_up(budget):
    while True:
        try:
            answered(budget, error=refused())
        except RateLimitError as error:
            return error


def test_a_wait_longer_than_max_wait_is_not_begun(machine, budget):
    spend(budget(hourly_limit=5), 5)
    machine.slept.clear()

    with pytest.raises(RateLimitError) as caught:
        budget(hourly_limit=5, max_wait=900)("export")

    assert machine.slept == []
    assert caught.value.retry_after == pytest.approx(HOUR, abs=10)


def test_the_error_names_the_moment_here_and_in_utc_and_that_nothing_is_lost(
    machine, budget, monkeypatch
):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    import time

    time.tzset()
    try:
        spend(budget(hourly_limit=5), 5)
        with pytest.raises(RateLimitError) as caught:
            budget(hourly_limit=5)("export")
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()

    free = datetime.fromtimestamp(START, UTC) + timedelta(seconds=3605)
    message = caught.value.message
    assert f"{free:%H:%M}" in message
    assert f"{free + timedelta(hours=5, minutes=30):%H:%M}" in message
    assert "export budget (5 an hour)" in message
    assert "at most 15 min" in message
    assert "Fetched data is kept" in message
    assert datetime.fromisoformat(caught.value.details["free_at"]) - free < timedelta(seconds=60)


def test_at_the_time_it_says_the_request_may_go(machine, budget):
    spend(budget(hourly_limit=5), 5)
    with pytest.raises(RateLimitError) as caught:
        budget(hourly_limit=5)("export")

    machine.now = datetime.fromisoformat(caught.value.details["free_at"]).timestamp() - START

    answered(budget(hourly_limit=5, max_wait=0))


def test_a_wait_within_max_wait_is_waited_and_reported_once(machine, budget, reported):
    spend(budget(hourly_limit=5), 5)
    machine.now += 3000

    answered(budget(hourly_limit=5))

    assert HOUR < machine.now < HOUR + 10
    assert [(round(seconds, -1), reason) for seconds, reason in reported] == [
        (600, "the export budget (5 an hour)")
    ]


def test_waits_for_the_pace_are_not_reported_and_never_refused(machine, budget, reported):
    process = budget(max_wait=0)
    spend(process, 30)

    assert machine.now == pytest.approx(9, abs=0.5)
    assert reported == []


def test_nor_when_others_take_the_place_for_a_while(machine, budget):
    one, other = budget(max_wait=0), budget()

    def sleep(seconds: float) -> None:
        machine.sleep(seconds)
        while machine.now < 15:
            spend(other, 3)

    one._wait_limit._sleep = sleep
    spend(one, 4)

    assert 15 < machine.now < 20


def test_no_place_is_kept_while_waiting_for_the_hour(budget, monkeypatch):
    places = []

    def take(*arguments):
        places.append(take_slot(*arguments))
        return places[-1]

    monkeypatch.setattr("mixpanel_data._internal.rate_limit.limiter.take_slot", take)
    spend(budget(hourly_limit=5), 5)
    with pytest.raises(RateLimitError):
        budget(hourly_limit=5)("export")

    assert len(places) > 5
    assert not places[-1].is_locked


def test_429s_in_a_row_are_one_wait(machine, budget):
    process = budget(max_wait=300)

    caught = refused_until_it_gives_up(process)

    assert 200 < machine.now < 300  # 30 + 60 + 120, and 240 would be too much
    assert caught.retry_after == 240


def test_a_wait_that_was_given_up_is_not_held_against_the_next(machine, budget):
    process = budget(max_wait=300)
    refused_until_it_gives_up(process)
    machine.now += 200

    answered(process)


def test_a_429_after_a_success_begins_a_new_wait(machine, budget):
    process = budget(max_wait=100)
    for _ in range(3):
        answered(process, error=refused())
        answered(process)
        machine.now += 1000


def test_long_waits_one_after_the_other_are_no_single_one(machine, budget):
    process = budget(hourly_limit=1, max_wait=HOUR + 10)

    spend(process, 4)

    assert 3 * HOUR < machine.now < 3 * HOUR + 60


def test_waits_end_early_when_another_process_gets_through(machine, budget):
    """A long wait is looked at repeatedly: what a 429 began, a success elsewhere ends."""
    one, other = budget(), budget()
    answered(one, error=refused(retry_after=300))

    def sleep(seconds: float) -> None:
        machine.now += seconds
        if machine.now > 100:
            one._file.transact(lambda log: log.clear_429s("us/1/export", log.now))

    other._wait_limit._sleep = sleep
    answered(other)

    assert 100 < machine.now < 140


def test_no_process_sleeps_after_the_last_request(machine, budget):
    process = budget(hourly_limit=4, max_wait=2 * HOUR)
    log = []
    process._wait_limit._sleep = lambda seconds: (log.append("sleep"), machine.sleep(seconds))
    for _ in range(9):
        answered(process)
        log.append("request")

    assert log[:3] == ["request"] * 3
    assert log.count("request") == 9
    assert log[-1] == "request"
    assert budget(hourly_limit=4).state()["export"]["spent"] == 1


def test_the_budget_has_what_is_spent_what_is_left_and_when_more_is_free(machine, budget):
    process = budget(hourly_limit=10)
    assert process.state() == {
        "export": {"spent": 0, "remaining": 10, "hourly_limit": 10},
        "query": {"spent": 0, "remaining": 10, "hourly_limit": 10},
    }
    spend(process, 4)
    machine.now += 600
    spend(process, 3)

    assert (process.spent("export"), process.remaining("export")) == (7, 3)
    now = datetime.fromtimestamp(machine.wall, UTC)
    waits = [(process.free_at("export", n) - now).total_seconds() for n in (1, 3, 4, 8, 11)]
    assert waits == pytest.approx([0.5, 0.5, 3000, 3600, 3600], abs=10)
    assert waits == sorted(waits)
    assert (process.free_at("export", 30) - now).total_seconds() > 2 * HOUR
    assert process.free_at("query") == now


def test_what_free_at_says_comes_true(machine, budget):
    process = budget(hourly_limit=7, max_wait=10 * HOUR)
    spend(process, 3)
    free_at = process.free_at("export", 20).timestamp() - START

    spend(process, 20)

    assert machine.now == pytest.approx(free_at, abs=1)


def test_asking_what_is_left_makes_no_files(budget, folder):
    assert budget().remaining("export") == 60
    assert not folder.exists()


@pytest.mark.parametrize("display", [LineProgress, BarProgress])
def test_displays_show_the_reason_of_a_wait(display, capsys):
    display().waiting(41.2, "the export budget (60 an hour)")

    assert capsys.readouterr().err == "waiting 42 s for the export budget (60 an hour)\n"
