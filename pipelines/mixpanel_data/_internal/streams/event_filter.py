"""The events that a run fetches: all of them unless a filter is given."""

import hashlib
import json
from dataclasses import dataclass

UNFILTERED = "all"
"""The filter hash of a fetch of all events. A fetch with another hash never counts as complete."""


@dataclass(frozen=True)
class EventFilter:
    """Event names, and an expression in Mixpanel's segmentation language."""

    events: tuple[str, ...] = ()
    where: str | None = None

    @property
    def hash(self) -> str:
        """A hash that is equal for equivalent filters; ``all`` without a filter."""
        if not self.events and not self.where:
            return UNFILTERED
        # Neither the order of the names nor a repeated one changes which events match.
        content = json.dumps([sorted(set(self.events)), self.where], ensure_ascii=False)
        return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


EVERYTHING = EventFilter()
