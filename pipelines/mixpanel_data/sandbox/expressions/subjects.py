"""The subjects of expressions: an event or a profile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mixpanel_data.sandbox.expressions.values import UNDEFINED, Value, is_number
from mixpanel_data.sandbox.records import Profile


class Subject(Protocol):
    """Looks up ``properties["name"]`` and ``user["name"]``; UNDEFINED if missing."""

    def property(self, name: str) -> Value:
        """Return a property of the event or profile itself."""
        ...

    def user(self, name: str) -> Value:
        """Return a property of the event's user."""
        ...


@dataclass(frozen=True)
class EventSubject:
    """An event as exported in milliseconds. Times are epoch seconds here, like those of
    ``datetime()``."""

    name: str
    properties: dict[str, Any]
    find_profile: Callable[[str | int], Profile | None]

    def property(self, name: str) -> Value:
        """Return a property; ``time`` and ``$time`` in seconds."""
        if name not in ("time", "$time"):
            return self.properties.get(name, UNDEFINED)
        time_ms = self.properties.get("time")
        return time_ms / 1000 if is_number(time_ms) else UNDEFINED

    def user(self, name: str) -> Value:
        """Return a property of the profile whose id the event has."""
        distinct_id = self.properties.get("distinct_id")
        profile = (
            None if distinct_id is None or distinct_id == "" else self.find_profile(distinct_id)
        )
        return UNDEFINED if profile is None else ProfileSubject(profile).property(name)


@dataclass(frozen=True)
class ProfileSubject:
    """A user or group profile."""

    profile: Profile

    def property(self, name: str) -> Value:
        """Return a property, or the id under ``$distinct_id``."""
        if name == "$distinct_id":
            return self.profile.distinct_id
        return (self.profile.properties or {}).get(name, UNDEFINED)

    def user(self, name: str) -> Value:
        """Return a property: a profile is its own user."""
        return self.property(name)
