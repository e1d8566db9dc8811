"""The contents of a project: saved funnels, cohorts and reports, events, and Lexicon entries."""

from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.types.base import Number, Record


@dataclass(frozen=True, repr=False)
class FunnelInfo(Record):
    """A saved funnel."""

    funnel_id: int
    name: str


@dataclass(frozen=True, repr=False)
class SavedCohort(Record):
    """A saved cohort.

    ``created`` is Mixpanel's text, ``YYYY-MM-DD HH:MM:SS`` without a zone; ``count`` is its current
    size.
    """

    id: int
    name: str
    count: int
    description: str = ""
    created: str | None = None
    is_visible: bool = True
    project_id: int | None = None


@dataclass(frozen=True, repr=False)
class BookmarkInfo(Record):
    """A saved report.

    ``type`` is ``insights``, ``funnels``, ``retention``, ``flows`` or ``launch-analysis``, or
    possibly another.
    """

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


@dataclass(frozen=True, repr=False)
class TopEvent(Record):
    """An event of today: its count so far, and the change from yesterday, normalized by Mixpanel.

    A ``percent_change`` of 0.5 is an increase by half.
    """

    event: str
    count: Number
    percent_change: float | None


@dataclass(frozen=True, repr=False)
class LexiconMetadata(Record):
    """How Mixpanel's interface presents an event, a profile or a property."""

    display_name: str | None = None
    tags: list[str] = field(default_factory=list)
    hidden: bool = False
    dropped: bool = False
    contacts: list[str] = field(default_factory=list)
    team_contacts: list[str] = field(default_factory=list)
    source: str | None = None


@dataclass(frozen=True, repr=False)
class LexiconProperty(Record):
    """The description of a property. ``type`` is the intended type: values of other types exist."""

    type: str | None
    description: str | None = None
    metadata: LexiconMetadata = field(default_factory=LexiconMetadata)


@dataclass(frozen=True, repr=False)
class LexiconDefinition(Record):
    """The description of an event or a profile."""

    description: str | None = None
    properties: dict[str, LexiconProperty] = field(default_factory=dict)
    metadata: LexiconMetadata = field(default_factory=LexiconMetadata)


@dataclass(frozen=True, repr=False)
class LexiconSchema(Record):
    """An entry of the Lexicon.

    ``entity_type`` is ``event`` or ``profile``; ``raw`` has everything that Mixpanel sent.
    """

    entity_type: str
    name: str
    definition: LexiconDefinition = field(default_factory=LexiconDefinition)
    _data: Any = field(default=None, repr=False, compare=False, kw_only=True)

    @property
    def raw(self) -> Any:
        """The complete entry, parsed from JSON."""
        return self._data
