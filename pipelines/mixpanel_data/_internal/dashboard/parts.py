"""What a board consists of. Texts are as they are shown, not escaped."""

from dataclasses import dataclass
from typing import Literal

from mixpanel_data._internal.html_report.charts.vega import Spec
from mixpanel_data._internal.html_report.published_tables import Unavailable


@dataclass(frozen=True)
class Tile:
    """One number."""

    label: str
    figure: str
    note: str = ""


@dataclass(frozen=True)
class Tiles:
    """A row of numbers."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Chart:
    """A chart. ``legend`` has the names of its colours."""

    title: str
    spec: Spec
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """A table. The first ``texts`` columns are texts, the others numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


@dataclass(frozen=True)
class Note:
    """A sentence; ``configure`` names what is to be configured for a part that is not there."""

    text: str
    kind: Literal["note", "warning", "configure"] = "note"


Part = Tiles | Chart | Table | Note


@dataclass(frozen=True)
class Section:
    """A part of a board. ``scope`` says of which users it is, where that is in question."""

    title: str
    parts: tuple[Part, ...]
    scope: str = ""


@dataclass(frozen=True)
class Board:
    """One of the boards."""

    title: str
    lead: str
    sections: tuple[Section, ...]


def section_or_reason(title: str, found: Section | Unavailable) -> Section:
    """Return the section, or one that says why the file does not have it."""
    if isinstance(found, Unavailable):
        return Section(title, (Note(found.reason, "configure"),))
    return found
