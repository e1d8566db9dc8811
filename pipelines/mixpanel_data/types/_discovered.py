"""What a project has: saved funnels, cohorts and reports, events, and what the lexicon says of
them."""

from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.types.base import Number, Record


@dataclass(frozen=True)
class FunnelInfo(Record):
    """A saved funnel."""

    funnel_id: int
    name: str


@dataclass(frozen=True)
class SavedCohort(Record):
    """A saved cohort. ``created`` is Mixpanel's text, ``YYYY-MM-DD HH:MM:SS`` without a zone;
    ``count`` is its size now."""

    id: int
    name: str
    count: int
    description: str = ""
    created: str | None = None
    is_visible: bool = True
    project_id: int | None = None


@dataclass(frozen=True)
class BookmarkInfo(Record):
    """A saved report. ``type`` is ``insights``, ``funnels``, ``retention``, ``flows`` or
    ``launch-analysis``, perhaps others."""

    id: int
    name: str
    type: str
    project_id: int | None = None
    created: str | None = None
    modified: str | None = None
    workspace_id: int | None = None
    dashboard_id: int | None = None
    description: str | None = None
    creator_id: int | None = None
    creator_name: str | None = None


@dataclass(frozen=True)
class TopEvent(Record):
    """An event of today: its count so far, and the change against yesterday (0.5 is half as many
    again), normalised by Mixpanel."""

    event: str
    count: Number
    percent_change: float | None


@dataclass(frozen=True)
class LexiconMetadata(Record):
    """What Mixpanel's interface does with an event, a profile or a property."""

    display_name: str | None = None
    tags: list[str] = field(default_factory=list)
    hidden: bool = False
    dropped: bool = False
    contacts: list[str] = field(default_factory=list)
    team_contacts: list[str] = field(default_factory=list)
    source: str | None = None


@dataclass(frozen=True)
class LexiconProperty(Record):
    """What somebody wrote about a property. ``type`` is a wish: values of other types exist."""

    type: str | None
    description: str | None = None
    metadata: LexiconMetadata = field(default_factory=LexiconMetadata)


@dataclass(frozen=True)
class LexiconDefinition(Record):
    """What somebody wrote about an event or a profile."""

    description: str | None = None
    properties: dict[str, LexiconProperty] = field(default_factory=dict)
    metadata: LexiconMetadata = field(default_factory=LexiconMetadata)


@dataclass(frozen=True)
class LexiconSchema(Record):
    """An entry of the lexicon. ``entity_type`` is ``event`` or ``profile``; ``raw`` has what else
    Mixpanel sent."""

    entity_type: str
    name: str
    definition: LexiconDefinition = field(default_factory=LexiconDefinition)
    _data: Any = field(default=None, repr=False, compare=False, kw_only=True)

    @property
    def raw(self) -> Any:
        """The whole entry, parsed from JSON."""
        return self._data
