"""What Mixpanel sent is what ``properties`` holds."""

import json
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.project import LAST

from mixpanel_data.sandbox import Event

MIDNIGHT = 1_773_100_800_000  # 2026-03-10, in milliseconds

NAMES = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        "$city",
        "city",
        "City",
        "a.b",
        "a'b",
        'a"b',
        "a/b",
        "",
        "🛒",
        "x y",
        "time ",
        "$insert_id ",
        "\u2028",
        "\x00",
    ]
)
NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False).filter(
        lambda x: x == 0 or 1e-300 < abs(x) < 1e300
    )
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text(st.characters(codec="utf-8"))
    | st.sampled_from(["\u0000", "\u2028"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
RESERVED = {"time", "distinct_id", "$insert_id", "mp_processing_time_ms"}
PROPERTIES = st.dictionaries(NAMES.filter(lambda name: name not in RESERVED), VALUES, max_size=8)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(st.lists(PROPERTIES, min_size=16, max_size=32))
def test_promise_5_every_key_and_value_is_kept(project, events):
    project.sandbox.dataset.remove_events(lambda _event: True)
    for n, properties in enumerate(events):
        made = Event.make("e", MIDNIGHT + n, {"$insert_id": str(n)} | properties)
        project.sandbox.dataset.add(made)

    report = project.sync(LAST, LAST)

    assert report.failures == []
    rows = dict(project.query("SELECT insert_id, properties FROM mixpanel.events"))
    assert len(rows) == len(events)
    for n, properties in enumerate(events):
        kept = json.loads(rows[str(n)])
        assert same(kept, {"time": MIDNIGHT + n, "$insert_id": str(n)} | properties)


def same(kept: object, sent: object) -> bool:
    """Equal, with the types kept apart; floats to the last digit but one, since DuckDB writes them in its own way."""
    if isinstance(sent, float) and isinstance(kept, float):
        return math.isclose(kept, sent, rel_tol=1e-15)
    if type(kept) is not type(sent):
        return False
    if isinstance(sent, dict) and isinstance(kept, dict):
        return list(kept) == list(sent) and all(same(kept[key], sent[key]) for key in sent)
    if isinstance(sent, list) and isinstance(kept, list):
        return len(kept) == len(sent) and all(map(same, kept, sent))
    return kept == sent


def test_promise_5_the_text_of_a_big_integer_and_both_of_two_keys_stay(project):
    line = (
        b'{"event":"e","properties":{"time":%d,"plan":"a","Plan":"b","id":123456789012345678901234567890,'
        b'"zero":"\\u0000","sep":"\xe2\x80\xa8","none":null,"deep":{"a":[{"b":null}]}}}\n'
        % MIDNIGHT
    )
    project.sandbox.dataset.add_line(LAST, line)

    project.sync(LAST, LAST)

    [(properties,)] = project.query("SELECT properties FROM mixpanel.events")
    assert properties.encode() == line.strip().split(b'"properties":')[1][:-1]


def test_ids_keep_their_kind_of_absence(project):
    add = project.sandbox.dataset.add_event
    add("none", MIDNIGHT)
    add("empty", MIDNIGHT, distinct_id="")
    add("number", MIDNIGHT, distinct_id=123456789012345678901)

    project.sync(LAST, LAST)

    rows = dict(project.query("SELECT event, distinct_id FROM mixpanel.events"))
    assert rows == {"none": None, "empty": "", "number": "123456789012345678901"}
