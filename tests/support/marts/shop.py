"""Events of a small invented shop, with everything in them that makes counting hard."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from support.raw_file import Event

DEVICES = ["d1", "d2", "d3", "d4", "d5", "d6"]
OWNERS = {"d1": "ann", "d2": "ann", "d3": "bob", "d4": "cyd"}  # d5 and d6 never log in
NAMES = ["Page View", "Page View", "Search", "Paid", "paid", "$campaign_delivery", "Hidden"]
COMPANIES = [None, "c1", ["c1", "c2", "c1"], "", ["c2", None, 3], "c1"]
# 29 March: Berlin's clocks are put forward. The days in February lie more than 30 days back.
DAYS = [
    date(2026, 2, 10),
    date(2026, 2, 11),
    *(date(2026, 3, 25) + timedelta(days=n) for n in range(10)),
]
LAST = DAYS[-1]


DEFINITIONS: dict[str, Any] = {
    "cohorts": [
        {
            "name": "viewers",
            "conditions": [{"events": ["Page View"], "at_least": 2, "days": 3}],
        },
        {
            "name": "cheap and active",
            "description": "No dear event in two days, one to three events in all of four.",
            "conditions": [
                {
                    "events": ["Paid", "paid", "Search"],
                    "where": "price > 2",
                    "exactly": 0,
                    "days": 2,
                },
                {"events": [], "at_most": 3, "days": 4},
                {"events": [], "at_least": 1, "days": 4},
            ],
        },
        {
            "name": "at rest",
            "conditions": [
                {"events": ["Paid", "Page View"], "days": 2, "negate": True},
                {"profile": "visits > 0 or created is not null", "negate": True},
            ],
        },
        {
            "name": "known or not paying",
            "match": "any",
            "conditions": [
                {"profile": "name is not null"},
                {"events": ["Paid", "paid"], "exactly": 0},
                {"events": ["Hidden"], "negate": True, "days": 3},
            ],
        },
        {"name": "known", "conditions": [{"profile": "name is not null"}]},
    ],
    "attributions": [{"name": "sales", "conversion_events": ["Paid"]}],
    "group_keys": ["company_id"],
    "experiments": [
        {"name": "colour", "control": "red", "shares": {"red": 1, "blue": 2, "unused": 1}}
    ],
    "experiment_metrics": [
        {"name": "searching", "events": ["Search"]},
        {"name": "spending", "events": ["Paid", "paid", "Search"], "value": "price"},
    ],
    "impacts": [
        {
            "name": "experiment",
            "events": ["$experiment_started"],
            "outcome_events": ["Page View", "Search"],
            "days": 2,
        }
    ],
    "signals": [
        {
            "name": "exposed",
            "goal_events": ["$experiment_started"],
            "first_days": 1,
            "goal_days": 4,
            "times": [1, 2],
        }
    ],
    "revenue": [
        {
            "name": "sales",
            "events": ["Paid", "paid", "Search"],
            "amount": "price",
            "currency": "tier",
        },
        {"name": "searching", "events": ["Search", "Hidden"], "amount": "mp_processing_time_ms"},
    ],
}
"""Variables of the models by which the shop is counted, on DuckDB and on Spark."""


def days_of(seed: int) -> dict[date, list[Event]]:
    """All events as the last export of each day has them, repeats included."""
    chance = random.Random(seed)
    days: dict[date, list[Event]] = {day: [] for day in DAYS}
    for number in range(60):
        for event in _visit(chance, number):
            if event.time.date() in days:
                days[event.time.date()].append(event)
    for number, day in enumerate(DAYS):
        days[day] += _guest(f"g{number}", f"guest {number}", day)
    for events in days.values():
        events += [_repeat(chance, event) for event in events if chance.random() < 0.1]
    for event in _exposures():
        days[event.time.date()].append(event)
    return days


def _visit(chance: random.Random, number: int) -> Iterator[Event]:
    """Events of one device that follow each other, some of them on the very second of a rule."""
    device = chance.choice(DEVICES)
    start = datetime.combine(chance.choice(DAYS), datetime.min.time())
    time = start + timedelta(
        minutes=chance.choice([0, 21 * 60 + 50, 22 * 60 - 10, 23 * 60 + 45, chance.randrange(1440)])
    )
    is_known = device in OWNERS and chance.random() < 0.3
    for step in range(chance.randrange(1, 7)):
        yield Event(time, chance.choice(NAMES), *_who(chance, device, is_known, number, step, time))
        time += timedelta(seconds=chance.choice([0, 1, 59, 600, 1799, 1800, 1801, 4000]))


def _who(
    chance: random.Random, device: str, is_known: bool, number: int, step: int, time: datetime
) -> tuple[str | None, str | None, dict[str, Any]]:
    """Its distinct_id, insert_id and properties."""
    owner = OWNERS.get(device, "")
    properties: dict[str, Any] = {
        "mp_processing_time_ms": int(time.timestamp() * 1000) + chance.choice([500, 90_000_000]),
        "price": chance.choice([1, 2.5, "3", "much", None, True]),
        "pl'an / $tier.x": chance.choice(["free", "pro", ""]),
        "$current_url": f"/{chance.randrange(9)}",
        "utm_source": chance.choice(["google", "direct", None, "mail"]),
        "company_id": COMPANIES[(number + step) % len(COMPANIES)],
    }
    insert_id = chance.choice([f"i{number}-{step}", f"i{number}-{step}", None, ""])
    if chance.random() < 0.05:
        return chance.choice([None, ""]), insert_id, properties  # of no user
    properties["$device_id"] = device
    if is_known:
        return owner, insert_id, {**properties, "$user_id": owner}
    if owner and chance.random() < 0.1:  # Mixpanel has merged it already
        return owner, insert_id, {**properties, "$distinct_id_before_identity": f"$device:{device}"}
    return f"$device:{device}", insert_id, properties


def _guest(device: str, user: str, day: date) -> list[Event]:
    """Two events of one day: the second identifies the first, and is exported later, see ``first_version``."""
    morning = datetime.combine(day, datetime.min.time()) + timedelta(hours=9)
    properties = {
        "$device_id": device,
        "mp_processing_time_ms": 1,
        "price": 1,
        "pl'an / $tier.x": "free",
        "$current_url": "/0",
        "utm_source": "mail",
    }
    return [
        Event(morning, "Page View", f"$device:{device}", f"{device}-1", properties),
        Event(
            morning + timedelta(minutes=1),
            "Search",
            user,
            f"{device}-2",
            {**properties, "$user_id": user},
        ),
    ]


def _exposures() -> Iterator[Event]:
    """Guests see experiments before they search, a day later, or both; the others on 30 March, ann twice."""
    for number, day in enumerate(DAYS):
        morning = datetime.combine(day, datetime.min.time()) + timedelta(hours=9)
        who = {"$user_id": f"guest {number}", "$device_id": f"g{number}"}
        variants = ["red" if number % 2 else "blue", "Control" if number % 4 < 2 else "long"]
        seen: dict[str, Any] = {"Experiment name": ["colour", "text"], "Variant name": variants}
        if number % 3 != 2:
            yield _exposure(morning + timedelta(seconds=30), who | seen)
        if (number % 3 == 2 or number % 4 == 3) and day + timedelta(days=1) in DAYS:
            yield _exposure(morning + timedelta(days=1), who | seen)
    for number, name in enumerate(["ann", "bob", "cyd", "ann"]):
        who = {"$user_id": name, "$device_id": "d1"}
        variant = "long" if number < 2 else "Control"
        seen = {"Experiment name": "text", "Variant name": variant}
        yield _exposure(datetime(2026, 3, 30, 10 + number), who | seen)


def _exposure(time: datetime, properties: dict[str, Any]) -> Event:
    common = {
        "mp_processing_time_ms": 1,
        "price": 1,
        "pl'an / $tier.x": "free",
        "$current_url": "/0",
    }
    user = properties["$user_id"]
    insert_id = f"{user} {time}"
    return Event(time, "$experiment_started", user, insert_id, {**common, **properties})


def _repeat(chance: random.Random, event: Event) -> Event:
    """The same event sent once more, processed later or at once, with another price."""
    later = event.properties["mp_processing_time_ms"] + chance.choice([0, 1000])
    properties = {**event.properties, "mp_processing_time_ms": later, "price": 9}
    return Event(event.time, event.name, event.user, event.insert_id, properties)


def first_version(seed: int, events: list[Event]) -> list[Event]:
    """What an earlier export of a day had: without late events, and with one that is gone since."""
    chance = random.Random(seed)
    guests = [event for event in events if (event.user or "").startswith("$device:g")]
    kept = [event for event in events if event not in guests and chance.random() < 0.6] + guests
    gone = [Event(event.time, "Gone", "zoe", f"gone-{event.insert_id}") for event in kept[:1]]
    return kept + gone
