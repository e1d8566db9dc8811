"""Difficult cases of real exports, added to the sample on purpose: one function for each kind."""

from collections.abc import Callable
from random import Random
from typing import Any

from mixpanel_data.sandbox.records import DAY_MS, Event

BEYOND_64_BITS = 2**128
_Maker = Callable[[Random, list[Event]], list[Event]]


def hard_things(rng: Random, events: list[Event]) -> list[Event]:
    """Return lines to add to ``events``, which are in order of time; they are spread over all
    days."""
    return [added for make in _MAKERS for added in make(rng, events)]


def _exact_duplicates(rng: Random, events: list[Event]) -> list[Event]:
    """The same line twice, as after a retried request."""
    return rng.sample(events, len(events) // 150)


def _processed_twice(rng: Random, events: list[Event]) -> list[Event]:
    """The same deduplication key, processed a day later, with other properties: the newer one
    counts."""
    early = _early(events)
    return [
        _changed(event, mp_processing_time_ms=_processed(event) + DAY_MS, corrected=True)
        for event in rng.sample(early, len(early) // 300)
    ]


def _shared_insert_ids(rng: Random, events: list[Event]) -> list[Event]:
    """One ``$insert_id`` on events of another name or user: all of them are real."""
    some = _some(rng, events, 40)
    renamed = [Event.make("Coupon Shown", e.time_ms, e.properties) for e in some[:20]]
    return renamed + [_sent_for_another(event) for event in some[20:]]


def _sent_for_another(event: Event) -> Event:
    # The user whom an event was sent for is one of these, in this order.
    properties = dict(event.properties) | {"distinct_id": "shared-insert-id"}
    properties.pop("$distinct_id_before_identity", None)
    return Event.make(event.name, event.time_ms, properties)


def _without_insert_id(rng: Random, events: list[Event]) -> list[Event]:
    """Events of an old tracker: no ``$insert_id``, and some completely equal lines."""
    pings = [
        Event.make(
            "Legacy Ping",
            event.time_ms,
            {"distinct_id": "legacy", "mp_processing_time_ms": event.time_ms + 500},
        )
        for event in _some(rng, events, 60)
    ]
    return pings + pings[:10]


def _anonymous(rng: Random, events: list[Event]) -> list[Event]:
    """Missing, empty and numeric ids; and an import of ad costs, which belongs to no user."""
    some = _some(rng, events, 20) + _some(rng, _early(events), 20)
    numbers = [_changed(event, distinct_id=4) for event in some[:10]]
    empty = [_changed(event, distinct_id="") for event in some[10:20]]
    costs = [
        _changed(
            Event.make("Ad Spend", event.time_ms - event.time_ms % DAY_MS, {}),
            **{"$insert_id": f"ads-{n}", "$import": True},
            utm_source="google",
            cost=round(rng.uniform(5, 90), 2),
            mp_processing_time_ms=event.time_ms + DAY_MS,
        )
        for n, event in enumerate(some[20:])
    ]
    return numbers + empty + costs


def _drifting_types(rng: Random, events: list[Event]) -> list[Event]:
    """One property that is a number, a text, a boolean, a list, an object or null."""
    values: list[Any] = [0.1, "10%", True, [5, "percent"], {"percent": 10}, None, 1, ""]
    return [
        _extra(rng, event, "Discount Applied", discount=value)
        for value in values
        for event in _some(rng, events, 8)
    ]


def _odd_properties(rng: Random, events: list[Event]) -> list[Event]:
    """Property names and values that break naive parsers, columns and databases."""
    unusual: dict[str, Any] = {
        "plan": "pro",
        "Plan": "Pro",
        "$email": "reserved@example.com",
        "email": "custom@example.com",
        'a "quoted" name': 1,
        "dotted.name": {"a.b": 1},
        "slash/name": "a/b",
        "back\\slash": "c:\\temp",
        "$.path": "$",
        "naïve 名前 🛒": "emoji 👩🏽‍🚀",
        "": "an empty name",
        "separators": "line\u2028paragraph\u2029next\u0085end",
        "zero": "before\u0000after",
        "quotes": "she said \"hi\", 'twice'\n\tand left",
        "big": 2**63 - 1,
        "bigger": 2**64 + 1,
        "biggest": BEYOND_64_BITS,
        "precise": 0.1234567890123456789,
        "tiny": 5e-324,
        "nothing": None,
        "deep": {"list": [{"of": {"objects": [1, None, "x"]}}], "empty": {}, "none": []},
        "company": ["globex", "initech"],
    }
    return [_extra(rng, event, "Survey Sent", **unusual) for event in _some(rng, events, 60)]


def _late(rng: Random, events: list[Event]) -> list[Event]:
    """Events that arrived three to five days after they occurred, on any device."""
    early = _early(events)
    return [
        _extra(
            rng,
            event,
            "Offline Scan",
            mp_processing_time_ms=event.time_ms + rng.randrange(3 * DAY_MS, 5 * DAY_MS),
        )
        for event in _some(rng, early, 80)
    ]


def _identity_events(rng: Random, events: list[Event]) -> list[Event]:
    """The special events of the older identity systems, which are kept in the export."""
    first, second, third = rng.sample(events, 3)
    return [
        _extra(rng, first, "$identify", **{"$identified_id": "user_10001", "$anon_id": "anon-1"}),
        _extra(rng, second, "$create_alias", alias="user_10002", distinct_id="anon-2"),
        _extra(rng, third, "$merge", **{"$distinct_ids": ["user_10003", "anon-3"]}),
    ]


def _some(rng: Random, events: list[Event], count: int) -> list[Event]:
    return rng.sample(events, min(count, len(events)))


def _early(events: list[Event]) -> list[Event]:
    """Return events old enough for related ones to have arrived by now."""
    return [event for event in events if event.time_ms < events[-1].time_ms - 7 * DAY_MS]


def _changed(event: Event, **properties: Any) -> Event:
    return Event.make(event.name, event.time_ms, event.properties | properties)


def _extra(rng: Random, event: Event, name: str, **properties: Any) -> Event:
    """A new event of the same user at the same moment."""
    ids = {key: event.properties.get(key) for key in ("distinct_id", "$device_id")}
    known = {key: value for key, value in ids.items() if value is not None}
    insert_id = {"$insert_id": f"{rng.getrandbits(80):020x}"}
    processed = {"mp_processing_time_ms": _processed(event)}
    return Event.make(name, event.time_ms, known | insert_id | processed | properties)


def _processed(event: Event) -> int:
    processed: int = event.properties["mp_processing_time_ms"]
    return processed


_MAKERS: tuple[_Maker, ...] = (
    _exact_duplicates,
    _processed_twice,
    _shared_insert_ids,
    _without_insert_id,
    _anonymous,
    _drifting_types,
    _odd_properties,
    _late,
    _identity_events,
)
