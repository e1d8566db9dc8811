"""How reports treat events that were sent twice (docs/definitions.md, section 2)."""

from collections.abc import Iterable
from typing import Any

from mixpanel_data.sandbox.records import Event

Parsed = tuple[Event, dict[str, Any]]


def deduplicated(events: Iterable[Parsed]) -> list[Parsed]:
    """Return one event of each name, time, ingested distinct_id and ``$insert_id``: the last
    processed.

    Of those processed at the same time, the last stored one is kept. Events without ``$insert_id``
    are all kept.
    """
    kept: dict[object, Parsed] = {}
    for number, parsed in enumerate(events):
        key = _key(parsed) or number
        rival = kept.get(key)
        if rival is None or arrival(parsed) >= arrival(rival):
            kept[key] = parsed
    return list(kept.values())


def arrival(parsed: Parsed) -> float:
    """Return when Mixpanel processed an event, in epoch milliseconds; else when it occurred."""
    processed = parsed[1].get("mp_processing_time_ms")
    return processed if isinstance(processed, int | float) else parsed[0].time_ms


def ingested_id(properties: dict[str, Any]) -> Any:
    """Return the ``distinct_id`` as sent, before an identity merge rewrote it."""
    before = properties.get("$distinct_id_before_identity")
    return properties.get("distinct_id") if before is None else before


def _key(parsed: Parsed) -> tuple[str, int, str, str] | None:
    event, properties = parsed
    insert_id = properties.get("$insert_id")
    if insert_id is None:
        return None
    return event.name, event.time_ms, str(ingested_id(properties)), str(insert_id)
