"""Who is a member of the shop's cohorts on a day: their definitions in plain Python, without SQL."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from operator import eq, ge, le
from typing import Any

from support.marts import people, plain, shop

DAY = timedelta(days=1)
COHORTS: dict[str, dict[str, Any]] = {
    cohort["name"]: cohort for cohort in shop.DEFINITIONS["cohorts"]
}


def _is_dear(event: plain.Seen) -> bool:
    price = event.properties.get("price")
    found = re.fullmatch(r"\d+(\.\d+)?", str(price))
    return found is not None and float(str(price)) > 2


WHERE: dict[str, Callable[[plain.Seen], bool]] = {"price > 2": _is_dear}
PROFILE: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "visits > 0 or created is not null": lambda of: of.get("visits") in (1, 9) or "$created" in of,
    "name is not null": lambda of: "$name" in of,
}


class Members:
    """The members of each cohort, of users with events and of those with a profile only."""

    def __init__(self, seen: Iterable[plain.Seen]) -> None:
        self.events: dict[str, list[plain.Seen]] = defaultdict(list)
        for event in seen:
            if event.user is not None:
                self.events[event.user].append(event)
        self.first_known = min(event.day for own in self.events.values() for event in own)
        self.profiles = {
            shop.OWNERS.get(name.removeprefix("$device:"), name): profile
            for name, profile in people.LAST.items()
        } | {name: profile for name, profile in people.LAST.items() if "$device:" not in name}
        self.users = {*self.events, *self.profiles}

    def on(self, cohort: str, day: date) -> set[str]:
        """The members of a day."""
        return {user for user in self.users if self.is_member(cohort, user, day)}

    def is_member(self, cohort: str, user: str | None, day: date) -> bool:
        """Whether a user is a member on a day."""
        if user is None:
            return False
        conditions = COHORTS[cohort]["conditions"]
        first_days = [
            event.day
            for event in self.events[user]
            if event.name not in plain.HIDDEN
            or any(_meets(event, each) for each in conditions if "events" in each)
        ]
        if day < min(first_days, default=self.first_known):
            return False
        decide = any if COHORTS[cohort].get("match") == "any" else all
        return decide(
            self._holds(each, user, day) != each.get("negate", False) for each in conditions
        )

    def _holds(self, condition: dict[str, Any], user: str, day: date) -> bool:
        if "profile" in condition:
            return PROFILE[condition["profile"]](self.profiles.get(user, {}))
        since = day - (condition["days"] - 1) * DAY if "days" in condition else date.min
        times: int = sum(
            since <= event.day <= day and _meets(event, condition) for event in self.events[user]
        )
        for key, compare in (("at_least", ge), ("at_most", le), ("exactly", eq)):
            if key in condition:
                return bool(compare(times, condition[key]))
        return times >= 1


def _meets(event: plain.Seen, condition: dict[str, Any]) -> bool:
    names = condition["events"]
    is_named = event.name in names if names else event.name not in plain.HIDDEN
    return is_named and ("where" not in condition or WHERE[condition["where"]](event))


def segment(members: Members, cohort: str, event: plain.Seen) -> str:
    """The segment of an event by a cohort."""
    return f"{'In' if members.is_member(cohort, event.user, event.day) else 'Not in'} {cohort}"
