"""What people keep in a Mixpanel project beside its data: saved reports and funnels, cohorts,
Lexicon, annotations."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CustomEvent:
    """Several events under one name; any of them is one."""

    id: int
    name: str


@dataclass(frozen=True)
class Step:
    """A step of a funnel: one event, or any of the several a custom event stands for; ``where``
    restricts which."""

    events: tuple[str, ...]
    where: str | None = None
    custom: CustomEvent | None = None


@dataclass(frozen=True)
class Funnel:
    """A saved funnel: who does the steps in this order within ``length`` units of the first has
    converted."""

    id: int
    name: str
    steps: tuple[Step, ...]
    length: int = 7
    length_unit: str = "day"


@dataclass(frozen=True)
class Report:
    """A saved insights report over the ``days`` up to today, broken down by the expression ``on``
    if there is one."""

    id: int
    name: str
    events: tuple[str, ...]
    type: str = "general"
    unit: str = "day"
    days: int = 30
    on: str | None = None
    header: str | None = None  # what the report calls its breakdown
    description: str = ""


@dataclass(frozen=True)
class OtherReport:
    """A saved report of a kind the query API does not answer by itself; it is only listed."""

    id: int
    name: str
    type: str
    description: str = ""


@dataclass(frozen=True)
class Cohort:
    """The profiles for which ``where`` is true, as they are when asked."""

    id: int
    name: str
    where: str
    created: str  # YYYY-MM-DD HH:MM:SS
    description: str = ""
    is_visible: bool = True


@dataclass(frozen=True)
class Entry:
    """What Lexicon says of an event or of the profiles: ``schema`` is the object the schemas API
    calls ``schemaJson``."""

    entity_type: str  # event or profile
    name: str
    schema: dict[str, Any]

    @property
    def is_hidden(self) -> bool:
        """Hidden in the menus, and left out of "all events"."""
        metadata = self.schema.get("metadata", {}).get("com.mixpanel", {})
        return bool(metadata.get("hidden"))


@dataclass(frozen=True)
class Annotation:
    """A remark on a moment. ``tags`` are ids of ``Saved.tags``."""

    id: int
    date: str  # YYYY-MM-DD HH:MM:SS, in the project's time zone
    description: str
    tags: tuple[int, ...] = ()


@dataclass
class Saved:
    """All of it; the lists may be changed, what is in them may not."""

    funnels: list[Funnel] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    other_reports: list[OtherReport] = field(default_factory=list)
    cohorts: list[Cohort] = field(default_factory=list)
    lexicon: list[Entry] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    tags: dict[int, str] = field(default_factory=dict)

    def copy(self) -> "Saved":
        """The same, to be changed on its own."""
        return Saved(
            funnels=list(self.funnels),
            reports=list(self.reports),
            other_reports=list(self.other_reports),
            cohorts=list(self.cohorts),
            lexicon=list(self.lexicon),
            annotations=list(self.annotations),
            tags=dict(self.tags),
        )

    @property
    def hidden_events(self) -> set[str]:
        """Events that "all events" leaves out (docs/definitions.md, sections 1 and 12)."""
        return {e.name for e in self.lexicon if e.entity_type == "event" and e.is_hidden}
