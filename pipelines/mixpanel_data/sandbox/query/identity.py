"""The user of an event, by Mixpanel's simplified identity merge (docs/definitions.md, section 3).

The exported ``distinct_id`` is the canonical id, except in rows that Mixpanel has not rewritten
yet: those still have ``$device:…``. The user of a device is given by the first event with both
``$device_id`` and ``$user_id``, or by a rewritten row; the first mapping is kept, and applies to
the complete history. Nothing else merges: the special events of the older identity systems have no
effect here.
"""

from collections.abc import Iterable
from typing import Any

_DEVICE = "$device:"
Properties = dict[str, Any]


def stated_id(properties: Properties) -> str | None:
    """Return the id of an event; None, which is never merged, for a missing, null or empty one."""
    if "distinct_id" in properties:
        return _text(properties["distinct_id"])
    device = _text(properties.get("$device_id"))
    return _text(properties.get("$user_id")) or (device and _DEVICE + device)


def device_owners(in_order_of_arrival: Iterable[Properties]) -> dict[str, str]:
    """Return the user of each ``$device:…`` id."""
    owners: dict[str, str] = {}
    for properties in in_order_of_arrival:
        device, user = _text(properties.get("$device_id")), _text(properties.get("$user_id"))
        if device and user:
            owners.setdefault(_DEVICE + device, user)
        before = _text(properties.get("$distinct_id_before_identity"))
        now = _text(properties.get("distinct_id"))
        if before and now and before.startswith(_DEVICE) and not now.startswith(_DEVICE):
            owners.setdefault(before, now)
    return owners


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
