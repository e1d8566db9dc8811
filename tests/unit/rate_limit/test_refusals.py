"""A 429: what every process does after it."""

import pytest

from mixpanel_data.exceptions import RateLimitError

from .conftest import HOUR, answered, refused


def waited(machine, action) -> float:
    """Seconds that ``action`` took."""
    began = machine.now
    action()
    return machine.now - began


def test_after_a_429_every_process_waits_half_a_minute(machine, budget):
    answered(budget(), error=refused())

    assert waited(machine, lambda: answered(budget())) == pytest.approx(30, abs=0.1)


def test_each_429_in_a_row_doubles_the_wait_up_to_five_minutes(machine, budget):
    process = budget(max_wait=HOUR)
    answered(process, error=refused())

    waits = [waited(machine, lambda: answered(process, error=refused())) for _ in range(6)]

    assert waits == pytest.approx([30, 60, 120, 240, 300, 300], abs=0.1)


def test_429s_of_requests_that_were_under_way_together_count_once(machine, budget):
    process = budget()
    permits = [process("export") for _ in range(3)]
    for permit in permits:
        with pytest.raises(RateLimitError), permit:
            raise refused()
        machine.now += 1

    assert waited(machine, lambda: answered(process)) == pytest.approx(27, abs=0.1)


def test_a_request_that_goes_through_ends_the_row(machine, budget):
    process = budget()
    answered(process, error=refused())
    answered(process, error=refused())
    answered(process)
    answered(process, error=refused())

    assert waited(machine, lambda: answered(process)) == pytest.approx(30, abs=0.1)


def test_a_success_that_was_under_way_before_the_429_ends_nothing(machine, budget):
    process = budget()
    early = process("export")
    answered(process, error=refused())
    with early:
        early._record.mark_succeeded()

    assert waited(machine, lambda: answered(process)) == pytest.approx(30, abs=0.1)


def test_another_failure_ends_no_row_and_begins_none(machine, budget):
    process = budget()
    answered(process, error=OSError())
    assert waited(machine, lambda: answered(process)) == 0

    answered(process, error=refused())
    answered(process, error=OSError())
    answered(process, error=refused())
    assert waited(machine, lambda: answered(process)) == pytest.approx(60, abs=0.1)


def test_a_row_is_forgotten_after_an_hour(machine, budget):
    for _ in range(4):
        answered(budget(), error=refused())
    machine.now += 2 * HOUR
    answered(budget(), error=refused())

    assert waited(machine, lambda: answered(budget())) == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize("seconds", [3, 77, 600])
def test_retry_after_is_waited_out_by_every_process(machine, budget, seconds):
    answered(budget(), error=refused(retry_after=seconds))

    assert waited(machine, lambda: answered(budget())) == pytest.approx(seconds, abs=0.1)


def test_a_retry_after_that_keeps_being_too_short_is_believed_less_each_time(machine, budget):
    process = budget()
    answered(process, error=refused(retry_after=0))

    waits = [
        waited(machine, lambda: answered(process, error=refused(retry_after=0))) for _ in range(9)
    ]

    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256], abs=0.1)


def test_the_app_waits_after_its_429s_too(machine, budget):
    answered(budget(), "app", error=refused(retry_after=7))

    assert waited(machine, lambda: answered(budget(), "app")) == pytest.approx(7, abs=0.1)
    assert waited(machine, lambda: answered(budget())) == 0


def test_families_and_projects_wait_for_themselves(machine, budget):
    answered(budget(), error=refused())

    for other in (budget(project_id="2"), budget(region="eu")):
        assert waited(machine, lambda other=other: answered(other)) == 0
    assert waited(machine, lambda: answered(budget(), "query")) == 0


def test_promise_6_a_limit_that_a_429_names_is_kept_for_a_day(machine, budget):
    for _ in range(12):
        answered(budget())
    answered(budget(), error=refused(body="You may make 10 requests per hour."))

    assert budget().remaining("export") == 0
    with pytest.raises(RateLimitError):
        answered(budget())
    machine.now += 2 * HOUR
    assert budget().remaining("export") == 10
    machine.now += 24 * HOUR
    assert budget().remaining("export") == 60


def test_a_limit_by_the_second_or_minute_is_waited_for_no_longer_than_that(machine, budget):
    answered(budget(), error=refused(body="Limit: 3 queries per second"))
    assert waited(machine, lambda: answered(budget())) == pytest.approx(1, abs=0.1)

    answered(budget(), "app", error=refused(retry_after=70, body="5 requests per minute"))
    assert waited(machine, lambda: [answered(budget(), "app") for _ in range(5)]) < 71
    assert waited(machine, lambda: answered(budget(), "app")) == pytest.approx(60, abs=0.1)


def test_a_higher_limit_than_ours_changes_nothing(budget):
    answered(budget(hourly_limit=5), error=refused(retry_after=0, body="400 queries per hour"))
    answered(budget(hourly_limit=5))

    assert budget(hourly_limit=5).remaining("export") == 3
