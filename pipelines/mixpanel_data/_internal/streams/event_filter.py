"""What part of the events a run asks for. All of them, unless somebody says otherwise."""

import hashlib
import json
from dataclasses import dataclass

UNFILTERED = "all"
"""The hash of a fetch that asks for everything. Any other never counts as complete."""


@dataclass(frozen=True)
class EventFilter:
    """Event names, and an expression in Mixpanel's segmentation language."""

    events: tuple[str, ...] = ()
    where: str | None = None

    @property
    def hash(self) -> str:
        """Equal for filters that ask for the same; ``all`` for none."""
        if not self.events and not self.where:
            return UNFILTERED
        content = json.dumps([sorted(set(self.events)), self.where], ensure_ascii=False)
        return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


EVERYTHING = EventFilter()
