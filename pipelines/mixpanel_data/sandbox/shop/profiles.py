"""User profiles of those who signed up, some unusual ones, and the group profiles of companies."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from mixpanel_data.sandbox.records import DAY_MS, Event, Profile
from mixpanel_data.sandbox.shop.companies import group_profiles
from mixpanel_data.sandbox.shop.people import Person


def profiles(everyone: list[Person], events: Iterable[Event], first_ms: int) -> list[Profile]:
    """Return one profile for each user with events, consistent with these; then unusual ones and
    companies."""
    last_seen, orders = _activity(events)
    users = [person for person in everyone if person.user_id in last_seen]
    stored: dict[str | int, dict[str, Any] | None] = {}
    for person in users:
        if person.user_id:
            joined = first_ms + person.joined * DAY_MS
            spent = orders[person.user_id]
            seen = last_seen[person.user_id]
            stored[person.user_id] = _properties(person, joined, seen, spent)
    _add_odd_ones(stored, users)
    return [*(Profile(*item) for item in stored.items()), *group_profiles()]


def _activity(events: Iterable[Event]) -> tuple[dict[str, int], dict[str, list[float]]]:
    """Return the time of each id's last event, and the amounts of its orders."""
    last_seen: dict[str, int] = {}
    orders: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event.name in ("Purchase", "Signed Up", "Logged In", "Page Viewed"):
            properties = event.properties
            who = properties["distinct_id"]
            last_seen[who] = max(last_seen.get(who, 0), event.time_ms)
            if event.name == "Purchase":
                orders[who].append(properties["revenue"])
    return last_seen, orders


def _properties(person: Person, joined: int, seen: int, orders: list[float]) -> dict[str, Any]:
    first_name, last_name = person.name.split(" ", 1)
    return {
        "$name": person.name,
        "$first_name": first_name,
        "$last_name": last_name,
        "$email": f"{person.user_id}@example.com",
        "$city": person.city.name,
        "$region": person.city.region,
        "$country_code": person.city.country,
        "$timezone": person.city.timezone,
        "$created": _iso(joined),
        "$last_seen": _iso(seen),
        "plan": person.plan,
        "orders": len(orders),
        "lifetime_value": round(sum(orders), 2),
        "tags": ["vip", "early access"] if sum(orders) > 500 else [],
    } | ({"company": person.company.id} if person.company else {})


def _add_odd_ones(stored: dict[str | int, dict[str, Any] | None], users: list[Person]) -> None:
    """Add what real profile stores contain beside complete profiles."""
    for person in users[::20]:
        if properties := stored.get(person.user_id or ""):
            del properties["$last_seen"]  # written with $ignore_time only
    for number in (4, 42, 9_007_199_254_740_993):
        stored[number] = {"$email": f"{number}@example.com", "plan": "free"}
    stored["empty-profile"] = {}
    stored["bare-profile"] = None
    stored["odd-profile"] = {
        "$last_seen": _iso(0),
        "plan": "pro",
        "Plan": "Pro",
        'size "EU"': 42,
        "shoe/size": "42",
        "note": "line\u2028break, zero \u0000, emoji 🦊",
        "ledger": 2**70,
        "address": {"home": {"city": "Köln"}, "work": None},
    }


def _iso(time_ms: int) -> str:
    """Format like Mixpanel's profile times: UTC, without a zone."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
