"""User profiles of those who signed up, a few odd ones, and the group profiles of companies."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mixpanel_data.sandbox.records import DAY_MS, Event
from mixpanel_data.sandbox.shop.people import Person

if TYPE_CHECKING:
    from mixpanel_data.sandbox.dataset import Dataset

COMPANIES = "1001"  # the data group id, as the project settings would show it


def add_profiles(
    dataset: "Dataset", everyone: list[Person], events: Iterable[Event], first_ms: int
) -> None:
    """One profile a user that has any event, consistent with those events; then the odd ones."""
    last_seen, orders = _activity(events)
    users = [person for person in everyone if person.user_id in last_seen]
    for person in users:
        if person.user_id:
            joined = first_ms + person.joined * DAY_MS
            spent = orders[person.user_id]
            seen = last_seen[person.user_id]
            dataset.set_profile(person.user_id, _properties(person, joined, seen, spent))
    _add_odd_ones(dataset, users)
    _add_companies(dataset)


def _activity(events: Iterable[Event]) -> tuple[dict[str, int], dict[str, list[float]]]:
    """The time of each id's last event, and the amounts of its orders."""
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
    }


def _add_odd_ones(dataset: "Dataset", users: list[Person]) -> None:
    """What real profile stores hold beside the well-kept ones."""
    for person in users[::20]:
        stored = dataset.profile(person.user_id or "")
        if stored and stored.properties:
            kept = {k: v for k, v in stored.properties.items() if k != "$last_seen"}
            dataset.set_profile(stored.distinct_id, kept)  # written with $ignore_time only
    for number in (4, 42, 9_007_199_254_740_993):
        dataset.set_profile(number, {"$email": f"{number}@example.com", "plan": "free"})
    dataset.set_profile("empty-profile", {})
    dataset.set_profile("bare-profile", None)
    dataset.set_profile(
        "odd-profile",
        {
            "$last_seen": _iso(0),
            "plan": "pro",
            "Plan": "Pro",
            'size "EU"': 42,
            "shoe/size": "42",
            "note": "line\u2028break, zero \u0000, emoji 🦊",
            "ledger": 2**70,
            "address": {"home": {"city": "Köln"}, "work": None},
        },
    )


def _add_companies(dataset: "Dataset") -> None:
    """Group profiles; the first id is also the id of a user profile, and means something else."""
    for company_id, name in ((42, "Acme GmbH"), ("globex", "Globex"), ("initech", "Initech")):
        properties = {"$name": name, "seats": 10 * len(name)}
        dataset.set_profile(company_id, properties, data_group_id=COMPANIES)


def _iso(time_ms: int) -> str:
    """As Mixpanel writes profile times: UTC, without saying so."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
