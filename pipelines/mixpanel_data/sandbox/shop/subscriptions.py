"""Paid plans: started some days after joining, renewed every 30 days, sometimes cancelled.

The shop's server sends their events.
"""

from mixpanel_data.sandbox.records import DAY_MS, Event
from mixpanel_data.sandbox.shop.people import Person

_PRICES = {"plus": 4.99, "pro": 12.0}  # EUR a month
_MONTH = 30


def subscription_events(person: Person, first_ms: int, days: int) -> list[Event]:
    """Return the events of the subscription within the days; none for free plans."""
    if person.user_id is None or person.plan not in _PRICES:
        return []
    start = person.joined + person.rng.randrange(1, 6)
    ends = start + _MONTH * person.rng.choice((1, 2, 99, 99))
    events = []
    for day in range(max(start, 0), days):
        if (day - start) % _MONTH or day > ends:
            continue
        name = "Subscription Started" if day == start else "Subscription Renewed"
        name = "Subscription Cancelled" if day == ends else name
        events.append(_event(person, name, first_ms + day * DAY_MS))
    return events


def _event(person: Person, name: str, midnight: int) -> Event:
    now = midnight + person.rng.randrange(DAY_MS - 60_000)
    properties = {
        "distinct_id": person.user_id,
        "$user_id": person.user_id,
        "$insert_id": f"billing-{person.rng.getrandbits(64):016x}",
        "plan": person.plan,
        "amount": 0 if name == "Subscription Cancelled" else _PRICES[person.plan],
        "mp_lib": "python",
        "$import": True,
        "mp_processing_time_ms": now + 1_500,
    }
    return Event.make(name, now, properties)
