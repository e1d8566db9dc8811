"""What the app reads: the choices of its filters, and the boards for those chosen.

Each call opens the file for as long as it reads, so that the app never blocks a sync, and sees the
publication of the moment.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mixpanel_data._internal.dashboard.boards.all import read_boards
from mixpanel_data._internal.dashboard.parts import Board
from mixpanel_data._internal.dashboard.view import (
    Events,
    Segment,
    coverage_notes,
    open_view,
    read_event_names,
    read_segments,
)
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.html_report.date_range import covered_days, resolve_span
from mixpanel_data._internal.html_report.formatting import day, moment, name
from mixpanel_data._internal.html_report.published_tables import (
    PublishedTables,
    open_published_tables,
)
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import ConfigError, MixpanelDataError

ALL_USERS = "All users"
NO_DAYS = "The published file has no days yet: mp sync fetches them."


@dataclass(frozen=True)
class Given:
    """What was given to ``mp dashboard``. ``interval``: how often the app looks for a new file."""

    folder: str
    memory_limit: str | None = None
    first: str | None = None
    last: str | None = None
    segment: tuple[str, str] | None = None
    sign_up: str | None = None
    value_moment: str | None = None
    feature: str | None = None
    static: bool = False
    interval: str = "30s"

    @property
    def events(self) -> Events:
        return Events(self.sign_up, self.value_moment, self.feature)

    def to_argument(self) -> str:
        """Return the values as a text of letters and digits, since marimo parses arguments."""
        return "x" + json.dumps(asdict(self)).encode().hex()


@dataclass(frozen=True)
class Choices:
    """What the filters offer, and what is chosen at first."""

    days: Window | None
    span: Window | None
    segments: dict[str, Segment | None] = field(default_factory=dict)
    segment: Segment | None = None
    features: dict[str, str] = field(default_factory=dict)
    feature: str | None = None

    def days_in(self, chosen: Any) -> tuple[date, date] | None:
        """Return the days that were chosen, as far as there are such; else those chosen at first."""
        if self.days is None or self.span is None:
            return None
        first, last = chosen or (self.span.first, self.span.last)
        if first > self.days.last or last < self.days.first:
            return self.span.first, self.span.last
        return max(first, self.days.first), min(last, self.days.last)

    def label_of_segment(self, segment: Any) -> str:
        """Return the label of the segment, or of all users if there is no such segment."""
        return segment.label if segment and segment.label in self.segments else ALL_USERS

    def label_of_feature(self, feature: Any) -> str | None:
        """Return the label of the event; None if there is no such event."""
        return next((label for label, event in self.features.items() if event == feature), None)


@dataclass(frozen=True)
class Page:
    """The boards. ``reason`` says why there are none."""

    title: str
    days: str
    notes: tuple[str, ...] = ()
    boards: tuple[Board, ...] = ()
    reason: str = ""


def read_given(text: Any) -> Given:
    """Return what :meth:`Given.to_argument` wrote."""
    values = json.loads(bytes.fromhex(str(text)[1:]))
    segment = values.pop("segment")
    return Given(**values, segment=(segment[0], segment[1]) if segment else None)


def publication(given: Given) -> tuple[int, int] | None:
    """Return what tells one publication from the next; None if there is no file."""
    try:
        status = DataFolder.at(Path(given.folder)).published.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def read_choices(given: Given) -> Choices:
    """Read what the filters offer."""
    try:
        with _tables(given) as db:
            days = covered_days(db)
            segments = read_segments(db)
            events = read_event_names(db)
    except MixpanelDataError:  # read_page says why
        return Choices(None, None)
    if days is None:
        return Choices(None, None)
    chosen = Segment(*given.segment) if given.segment else None
    labels = _labelled([(name(event), event) for event in events])
    feature = given.feature or given.value_moment or next(_plain(events), None)
    if feature is not None and feature not in labels.values():
        labels[name(feature)] = feature
    return Choices(
        days=days,
        span=_span(days, given),
        segments={ALL_USERS: None, **{each.label: each for each in segments}},
        segment=chosen if chosen in segments else None,
        features=labels,
        feature=feature,
    )


def read_page(
    given: Given,
    *,
    span: tuple[date, date] | None = None,
    segment: Segment | None = None,
    feature: str | None = None,
    now: datetime | None = None,
) -> Page:
    """Read the boards of these days, of a segment, and of a feature."""
    first, last = span or (_day(given.first), _day(given.last))
    try:
        return _read_page(given, first, last, segment, feature, now or datetime.now(UTC))
    except MixpanelDataError as error:
        # Such as a file that a program has open to write, or that was published since with other days.
        return Page("Mixpanel dashboard", "", reason=str(error))


def _read_page(
    given: Given,
    first: date | None,
    last: date | None,
    segment: Segment | None,
    feature: str | None,
    now: datetime,
) -> Page:
    with _tables(given) as db:
        view = open_view(
            db,
            now=now,
            first=first,
            last=last,
            segment=segment,
            events=Events(given.sign_up, given.value_moment, feature),
        )
        published = f"Published {moment(db.published_at)}"
        if view is None:
            return Page("Mixpanel dashboard", published, reason=NO_DAYS)
        return Page(
            title=_title(db),
            days=(
                f"{day(view.span.first)} to {day(view.span.last)}, in {view.definitions.timezone}; "
                f"{view.scope}. {published}"
            ),
            notes=coverage_notes(db, view) if "daily_active_users" in db.tables else (),
            boards=read_boards(db, view),
        )


def _tables(given: Given) -> Any:
    return open_published_tables(DataFolder.at(Path(given.folder)), memory_limit=given.memory_limit)


def _title(db: PublishedTables) -> str:
    found = db.rows("SELECT project_id FROM _metadata LIMIT 1") if "_metadata" in db.tables else []
    return f"Mixpanel project {found[0][0]}" if found else "Mixpanel dashboard"


def _span(days: Window, given: Given) -> Window | None:
    try:
        return resolve_span(days, _day(given.first), _day(given.last))
    except ConfigError:
        return resolve_span(days, None, None)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _plain(events: tuple[str, ...]) -> Any:
    """Return the events that people named, since Mixpanel's own begin with ``$``."""
    return (event for event in events if not event.startswith("$"))


def _labelled(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return labels with what they stand for; two events may look alike."""
    labels: dict[str, str] = {}
    for label, event in pairs:
        number, free = 2, label
        while free in labels:
            free, number = f"{label} ({number})", number + 1
        labels[free] = event
    return labels
