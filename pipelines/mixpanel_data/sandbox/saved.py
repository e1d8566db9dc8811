"""Saved objects of a project: reports, funnels, cohorts, Lexicon entries, annotations."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CustomEvent:
    """Several events under one name."""

    id: int
    name: str


@dataclass(frozen=True)
class Step:
    """A step of a funnel: one event, or any event of a custom event; ``where`` filters them."""

    events: tuple[str, ...]
    where: str | None = None
    custom: CustomEvent | None = None


@dataclass(frozen=True)
class Funnel:
    """A saved funnel: a user converts with all steps in this order within ``length`` units of the
    first."""

    id: int
    name: str
    steps: tuple[Step, ...]
    length: int = 7
    length_unit: str = "day"


@dataclass(frozen=True)
class Report:
    """A saved Insights report over the last ``days``, with an optional breakdown by the expression
    ``on``."""

    id: int
    name: str
    events: tuple[str, ...]
    type: str = "general"
    unit: str = "day"
    days: int = 30
    on: str | None = None
    header: str | None = None  # the report's name of its breakdown
    description: str = ""


@dataclass(frozen=True)
class OtherReport:
    """A saved report of a kind that the query API can't compute; it is only listed."""

    id: int
    name: str
    type: str
    description: str = ""


@dataclass(frozen=True)
class Cohort:
    """The profiles for which ``where`` is true at the time of the request."""

    id: int
    name: str
    where: str
    created: str  # YYYY-MM-DD HH:MM:SS
    description: str = ""
    is_visible: bool = True


@dataclass(frozen=True)
class Entry:
    """A Lexicon entry of an event or of profiles; ``schema`` is ``schemaJson`` in the schemas
    API."""

    entity_type: str  # event or profile
    name: str
    schema: dict[str, Any]

    @property
    def is_hidden(self) -> bool:
        """True if it is hidden in menus, and excluded from "all events"."""
        metadata = self.schema.get("metadata", {}).get("com.mixpanel", {})
        return bool(metadata.get("hidden"))


@dataclass(frozen=True)
class Annotation:
    """A note on a point in time. ``tags`` are ids of ``Saved.tags``."""

    id: int
    date: str  # YYYY-MM-DD HH:MM:SS, in the project's time zone
    description: str
    tags: tuple[int, ...] = ()


@dataclass
class Saved:
    """All saved objects; the lists are mutable, their items are not."""

    funnels: list[Funnel] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    other_reports: list[OtherReport] = field(default_factory=list)
    cohorts: list[Cohort] = field(default_factory=list)
    lexicon: list[Entry] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    tags: dict[int, str] = field(default_factory=dict)
    classified: dict[str, set[str]] = field(default_factory=dict)
    """Names of the classified properties by resource type, ``Event`` or ``User``."""
    merged_events: dict[str, str] = field(default_factory=dict)
    """Events that reports count under the name of another one; exports keep their own name."""

    def copy(self) -> "Saved":
        """Return an independent copy."""
        return Saved(
            funnels=list(self.funnels),
            reports=list(self.reports),
            other_reports=list(self.other_reports),
            cohorts=list(self.cohorts),
            lexicon=list(self.lexicon),
            annotations=list(self.annotations),
            tags=dict(self.tags),
            classified={kind: set(names) for kind, names in self.classified.items()},
            merged_events=dict(self.merged_events),
        )

    @property
    def hidden_events(self) -> set[str]:
        """Return the events excluded from "all events" (docs/definitions.md, sections 1 and 12)."""
        return {e.name for e in self.lexicon if e.entity_type == "event" and e.is_hidden}
