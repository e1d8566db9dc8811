"""An invented shop, as its Mixpanel project would have recorded it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from random import Random

from mixpanel_data.sandbox.records import DAY_MS, Event, Profile, to_ms
from mixpanel_data.sandbox.saved import Saved
from mixpanel_data.sandbox.shop.hard_things import hard_things
from mixpanel_data.sandbox.shop.people import Person, people, visit_days
from mixpanel_data.sandbox.shop.profiles import profiles
from mixpanel_data.sandbox.shop.recorder import Recorder
from mixpanel_data.sandbox.shop.saved import saved
from mixpanel_data.sandbox.shop.subscriptions import subscription_events

_FEWEST_FOR_HARD_THINGS = 600  # users; smaller samples have no difficult data


@dataclass(frozen=True)
class Shop:
    """The complete content of the shop's project."""

    events: list[Event]
    profiles: list[Profile]
    saved: Saved
    """The shop's saved objects: funnels, reports, cohorts, Lexicon, annotations."""


def sample(*, today: date | None, seed: int, days: int, users: int) -> Shop:
    """Create the shop over the ``days`` before ``today`` (UTC; None: the current day)."""
    first = (today or datetime.now(UTC).date()) - timedelta(days=days)
    first_ms = to_ms(datetime.combine(first, time(), UTC))
    everyone = people(seed, users, days)
    events = [
        event for each in everyone for event in _events(each, first_ms, days, first.weekday())
    ]
    stored = profiles(everyone, events, first_ms)
    if len(events) >= _FEWEST_FOR_HARD_THINGS:
        in_order = sorted(events, key=attrgetter("time_ms"))
        events += hard_things(Random(seed), in_order)
    return Shop(events, stored, saved(first.isoformat()))


def _events(person: Person, first_ms: int, days: int, first_weekday: int) -> list[Event]:
    recorder = Recorder(person, first_ms, first_ms + days * DAY_MS)
    visits = visit_days(person, days, first_weekday)
    events = [event for day in visits for event in recorder.record(day)]
    return events + subscription_events(person, first_ms, days)
