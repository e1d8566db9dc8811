"""Promise 5 for profiles: their text is taken out of a page byte for byte."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.landing.profile_lines import (
    parse_profiles,
    profile_json,
    read_distinct_id,
)

NAMES = st.text(max_size=8) | st.sampled_from(
    ["$distinct_id", "$properties", "results", "Plan", "plan"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\u2028", "\x00", "]", "}", '"results":[', "\\", "é", "\ud83d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
SPACES = st.text(" \t\r\n", max_size=2)
ODD_BYTES = st.sampled_from([b"", b"\xff", b"\xed\xa0\xbd", b"\x01", b"\xc3"])


@st.composite
def raw_values(draw: st.DrawFn) -> bytes:
    """A value in some spelling of JSON, sometimes with bytes that are not UTF-8 in a text of it."""
    value = draw(VALUES)
    ascii_only, indent = draw(st.booleans()), draw(st.sampled_from([None, None, 0, 2]))
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    raw = text.encode("utf-8", "surrogatepass" if ascii_only else "backslashreplace")
    odd = draw(ODD_BYTES)
    return b'{"$distinct_id": "u", "odd": "%s", "it": %s}' % (odd, raw) if odd else raw


def on_one_line(raw: bytes) -> bytes:
    return raw.replace(b"\n", b" ")


@settings(deadline=None)
@given(raws=st.lists(raw_values(), max_size=5), spaces=st.lists(SPACES, min_size=20, max_size=20))
def test_promise_5_every_profile_of_a_page_keeps_its_bytes(raws, spaces):
    gaps = iter(space.encode() for space in spaces)
    items = b",".join(next(gaps) + raw + next(gaps) for raw in raws)
    before = b'{"page":0,"x":{"results":[1,"]"]},"results"%s:%s[%s' % (
        next(gaps),
        next(gaps),
        next(gaps),
    )
    page = next(gaps) + before + items + b'%s],"total":2}\n' % next(gaps)

    found = list(parse_profiles(page))

    assert [profile.raw for profile in found] == [on_one_line(raw) for raw in raws]
    for number, profile in enumerate(found, start=1):
        line = profile.line(number)
        assert line.count(b"\n") == 1
        assert profile_json(line) == profile.raw


def digest(properties: str) -> str:
    [profile] = parse_profiles(
        b'{"results":[{"$distinct_id":"u","$properties":%s}]}' % properties.encode()
    )
    return profile.digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":{"c":[1,2],"d":null}}', '{ "b":{"d":null,"c":[1, 2]},"a":1}'),
        ('{"a":"é"}', '{"a":"\\u00e9"}'),
        ("{}", "null"),
        ('{"a":1.0}', '{"a":1.00}'),
    ],
)
def test_equal_properties_are_known_in_any_order_and_spelling(one, other):
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1}', '{"a":"1"}'),
        ('{"a":1}', '{"a":true}'),
        ('{"a":null}', "{}"),
        ('{"a":[1,2]}', '{"a":[2,1]}'),
        ('{"a":1}', '{"A":1}'),
        ('{"a":12345678901234567890123456789}', '{"a":12345678901234567890123456780}'),
        ('{"a":%s}' % ("1" * 5000), '{"a":%s}' % ("1" * 4999 + "2")),
        ('{"a":%s}' % ("1" * 5000), '{"a":"%s"}' % ("1" * 5000)),
        ('{"a":"\\ud83d"}', '{"a":"\\ud83e"}'),
        ("[]", "{}"),
    ],
)
def test_changed_properties_are_distinguished(one, other):
    assert digest(one) != digest(other)


@settings(deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_a_digest_says_nothing_of_the_order_of_keys(properties):
    reversed_order = dict(reversed(properties.items()))

    assert digest(json.dumps(properties)) == digest(json.dumps(reversed_order))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"$distinct_id":"u"}', "u"),
        ('{"$distinct_id":"\\u00e9","x":"\\ud83d"}', "é"),
        ('{"$distinct_id":9007199254740993}', "9007199254740993"),
        ('{"$distinct_id":true}', "true"),
        ('{"$distinct_id":"\\ud83d"}', None),
        ('{"$distinct_id":null}', None),
        ("{}", None),
        ("5", None),
    ],
)
def test_the_id_of_a_profile_can_be_read_however_odd_the_rest_is(raw: str, expected: Any):
    assert read_distinct_id(raw.encode()) == expected


def test_a_line_break_in_a_text_is_kept_as_what_it_means():
    [profile] = parse_profiles(b'{"results":[{"$distinct_id":"u","$properties":{"a":"x\ny"}}]}')

    assert json.loads(profile.raw)["$properties"] == {"a": "x\ny"}
