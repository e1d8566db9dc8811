"""The shop's visitors, and the days of their visits."""

import math
from dataclasses import dataclass
from random import Random

from mixpanel_data.sandbox.shop.catalogue import (
    CHANNEL_WEIGHTS,
    CHANNELS,
    CITIES,
    CITY_WEIGHTS,
    DEVICE_WEIGHTS,
    DEVICES,
    FIRST_NAMES,
    LAST_NAMES,
    PLANS,
    Channel,
    City,
    Device,
)
from mixpanel_data.sandbox.shop.companies import Company, company_of
from mixpanel_data.sandbox.shop.experiments import variants_of

_WEEKDAYS = (1.0, 0.96, 0.98, 1.02, 1.1, 1.32, 1.25)  # Monday first: a shop for leisure hours
_OLD_CUSTOMERS = 0.35  # had signed up before the first day
_SAME_CHANNEL = 0.6
_STRANGERS = 0.5  # visitors who never sign up, for each user


@dataclass(frozen=True)
class Person:
    """A visitor. Without ``user_id`` they never sign up; ``joined`` counts days from the first
    day."""

    number: int
    user_id: str | None
    device_id: str
    name: str
    joined: int
    eagerness: float  # visits a day when new
    plan: str
    city: City
    device: Device
    channel: Channel
    company: Company | None
    variants: dict[str, str]
    """By experiment."""
    rng: Random
    """Decides about visits."""
    campaign_rng: Random
    """Decides about the campaigns that lead to visits."""


def people(seed: int, users: int, days: int) -> list[Person]:
    """Return the users, then the strangers; each one follows from ``seed`` and their number."""
    everyone = users + int(users * _STRANGERS)
    return [_person(seed, number, number < users, days) for number in range(everyone)]


def visit_days(person: Person, days: int, first_weekday: int) -> list[int]:
    """Return the days with a visit: frequent at first, rare later, more at weekends, and on
    joining."""
    rng = person.rng
    start = max(person.joined, 0)
    if person.user_id is None:
        return [start]
    chosen = [start] if person.joined >= 0 else []
    for day in range(start + bool(chosen), days):
        age = day - person.joined
        keen = 0.22 + 0.78 * math.exp(-age / 9.0)
        if rng.random() < person.eagerness * keen * _WEEKDAYS[(first_weekday + day) % 7]:
            chosen.append(day)
    return chosen


def campaign(person: Person) -> dict[str, str]:
    """Return the campaign of one visit: mostly that of the person's own channel."""
    if person.campaign_rng.random() < _SAME_CHANNEL:
        return person.channel.utm
    return person.campaign_rng.choices(CHANNELS, CHANNEL_WEIGHTS)[0].utm


def _person(seed: int, number: int, is_user: bool, days: int) -> Person:
    rng = Random(f"{seed}/{number}")
    others = Random(f"{seed}/{number}/groups and experiments")
    is_old = is_user and rng.random() < _OLD_CUSTOMERS
    # The shop grows: of those who join within the days, more join late.
    joined = -rng.randrange(1, 200) if is_old else int(days * rng.random() ** 0.8)
    return Person(
        number=number,
        user_id=f"user_{10_000 + number}" if is_user else None,
        device_id=f"{rng.getrandbits(64):016x}-{rng.getrandbits(32):08x}",
        name=f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        joined=joined,
        eagerness=rng.choice((0.15, 0.35, 0.55, 0.8)) * (1.5 if is_old else 1.0),
        plan=(plan := rng.choices(PLANS, (70, 20, 10))[0]),
        city=rng.choices(CITIES, CITY_WEIGHTS)[0],
        device=rng.choices(DEVICES, DEVICE_WEIGHTS)[0],
        channel=rng.choices(CHANNELS, CHANNEL_WEIGHTS)[0],
        company=company_of(others, plan) if is_user else None,
        variants=variants_of(others),
        rng=rng,
        campaign_rng=others,
    )
