"""Converts steps to stored events: times, ids, the additions of SDKs and servers, and delays."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from mixpanel_data.sandbox.records import DAY_MS, Event
from mixpanel_data.sandbox.shop.experiments import buying_rate, with_exposures
from mixpanel_data.sandbox.shop.people import Person, campaign
from mixpanel_data.sandbox.shop.visits import Step, visit

_HOUR_MS = 3_600_000
_FROM_CAMPAIGN = 0.35  # share of visits
_REWRITTEN = 0.7  # share of rows before a sign-up that were rewritten to the user's id
# Weight of each local hour of a day.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 9, 10, 10, 9, 9, 9, 10, 12, 14, 15, 13, 9, 5)


@dataclass(frozen=True)
class Recorder:
    """Creates the events of one person. ``first_ms`` starts the first day; all arrive by
    ``end_ms``."""

    person: Person
    first_ms: int
    end_ms: int
    begun: set[str] = field(default_factory=set)
    """The experiments in which they take part already."""

    def record(self, day: int) -> list[Event]:
        """Return the events of one visit that begins on ``day``; it may end after midnight."""
        person, rng = self.person, self.person.rng
        signs_up = person.user_id is not None and day == person.joined
        is_known = person.user_id is not None and day > person.joined
        now = self._start(day)
        utm = self._campaign(signs_up=signs_up)
        events: list[Event] = []
        variants = self._variants(now)
        buys = buying_rate(variants)
        steps = visit(rng, signs_up=signs_up, is_known=is_known, buys=buys)
        for step in with_exposures(steps, variants, self.begun):
            now += int(step.pause * 1000)
            if now >= self.end_ms:
                break
            is_known = is_known or step.name == "Signed Up"
            events.append(self._event(step, now, utm, is_known=is_known))
        return events

    def _campaign(self, *, signs_up: bool) -> dict[str, str]:
        """Return the campaign that led to a visit; empty for most visits after the sign-up."""
        if signs_up:
            return self.person.channel.utm
        return campaign(self.person) if self.person.rng.random() < _FROM_CAMPAIGN else {}

    def _variants(self, now: int) -> dict[str, str]:
        """Return the variants of a visit: experiments run in the second half of the time."""
        return self.person.variants if now >= (self.first_ms + self.end_ms) // 2 else {}

    def _start(self, day: int) -> int:
        rng = self.person.rng
        hour = rng.choices(range(24), _HOURS)[0] - self.person.city.utc_offset
        return self.first_ms + day * DAY_MS + hour % 24 * _HOUR_MS + rng.randrange(_HOUR_MS)

    def _event(self, step: Step, now: int, utm: dict[str, str], *, is_known: bool) -> Event:
        person = self.person
        arrival = _arrival(person.rng, now, self.end_ms, is_mobile=person.device.is_mobile)
        properties: dict[str, Any] = {
            **self._ids(is_known),
            "$insert_id": f"{person.rng.getrandbits(80):020x}",
            **person.device.properties,
            "$city": person.city.name,
            "$region": person.city.region,
            "mp_country_code": person.city.country,
            **utm,
            "$initial_referrer": person.channel.referrer,
            "plan": person.plan if is_known else None,
            **({"company": person.company.id} if is_known and person.company else {}),
            **step.properties,
            "$mp_api_endpoint": "api.mixpanel.com",
            "$mp_api_timestamp_ms": arrival - 3,
            "mp_processing_time_ms": arrival,
        }
        return Event.make(step.name, now, properties)

    def _ids(self, is_known: bool) -> dict[str, Any]:
        """Mixpanel's simplified identity: always the device, and the user from the sign-up on."""
        person = self.person
        anonymous = f"$device:{person.device_id}"
        if is_known:
            user = person.user_id
            return {"distinct_id": user, "$device_id": person.device_id, "$user_id": user}
        if person.user_id and person.rng.random() < _REWRITTEN:
            return {
                "distinct_id": person.user_id,
                "$device_id": person.device_id,
                "$distinct_id_before_identity": anonymous,
                "$is_reshuffled": True,
            }
        return {"distinct_id": anonymous, "$device_id": person.device_id}


def _arrival(rng: Random, now: int, end_ms: int, *, is_mobile: bool) -> int:
    """Return when Mixpanel processed it: seconds later; from phones sometimes hours or days
    later."""
    chance = rng.random()
    lag = rng.randrange(900, 90_000)
    if is_mobile and chance < 0.02:
        lag = rng.randrange(DAY_MS, 5 * DAY_MS)
    elif is_mobile and chance < 0.1:
        lag = rng.randrange(_HOUR_MS, 20 * _HOUR_MS)
    return now + lag if now + lag < end_ms else now + 900
