"""The pure parts: texts that name limits, lengths of time, the clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data._internal.rate_limit.clock import (
    MAX_ZONE_ERROR_SECONDS,
    Reading,
    elapsed,
    read_clock,
)
from mixpanel_data._internal.rate_limit.limits import HOUR, Limit, limits_in_message, nth_start
from mixpanel_data._internal.text import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("60 requests per hour", [(60, HOUR)]),
        ("at most 5 queries a minute, 3/sec", [(5, 60), (3, 1)]),
        ("Maximum of 60 export API calls an hour exceeded.", [(60, HOUR)]),
        ("60/hour", [(60, HOUR)]),
        ("Query rate limit exceeded", []),
        ("5 concurrent queries", []),
        ("0 requests per hour", []),
        ("9999999 requests per hour", []),
        ("1.5 requests per hour", []),
        ("1000 events per day", []),
        ("retry in 60 seconds", []),
    ],
)
def test_limits_are_found_in_an_answer(text, limits):
    assert [(limit.count, limit.seconds) for limit in limits_in_message(text)] == limits


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    limits_in_message(text)


@given(st.lists(st.floats(0, 9000), max_size=30), st.integers(1, 10), st.floats(9000, 9100))
def test_the_next_start_is_the_first_that_fits(past, count, now):
    limit = Limit(count, HOUR)
    past.sort()

    start = nth_start(past, [limit], now, 1)

    length = HOUR * 1.001
    assert sum(time > start + 0.01 - length for time in past) < count
    if start > now:
        assert sum(time > start - 0.01 - length for time in past) >= count


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("900", 900), ("15m", 900), ("1h30m", 5400), ("1 h 5 min", 3900), ("0", 0), ("2.5s", 2.5), ("1H", 3600), ("2d", 172_800), ("1d 1h", 90_000)],
)  # fmt: skip
def test_lengths_of_time_are_read(text, seconds):
    assert parse_duration(text) == seconds
    assert parse_duration(seconds) == seconds


@pytest.mark.parametrize("text", ["", "soon", "15 m 5 h", "-5", "1w", "m", "1 5"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (42, "42 s"), (119, "119 s"), (121, "3 min"), (3600, "1 h"), (3899, "1 h 5 min")],
)  # fmt: skip
def test_lengths_of_time_are_text(seconds, words):
    assert format_duration(seconds) == words


BEFORE = Reading("host", "boot", uptime=5000.0, wall=1e9)


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (Reading("host", "boot", 5100.0, 1e9 + 100), 100),
        (Reading("host", "boot", 5100.0, 0.0), 100),
        (Reading("host", "boot", 5100.0, 2e9), 100),
        (Reading("host", "other", 60.0, 1e9 + 500), 60),
        (Reading("host", "other", 600.0, 1e9 + 500), 500),
        (Reading("host", "other", 600.0, 1e9 - 500), 0),
        (Reading("host", "boot", 60.0, 1e9 + 500), 60),
        (Reading("host", "other", 9000.0, 1e9 + 8000), 8000),
        (Reading("host", "other", 60.0, 1e9 + MAX_ZONE_ERROR_SECONDS + 900), 900),
        (Reading("another", "other", 60.0, 1e9 + 500), 500),
    ],
)
def test_time_passes_as_far_as_it_is_certain(now, seconds):
    assert elapsed(BEFORE, now) == seconds


def test_this_machine_has_a_clock():
    one, two = read_clock(), read_clock()

    assert (one.machine, one.boot) == (two.machine, two.boot)
    assert one.boot
    assert 0 <= elapsed(one, two) < 5
