"""The tables of a workspace and its database."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mixpanel_data.types.base import Record, Table


@dataclass(frozen=True, repr=False)
class TableMetadata(Record):
    """The origin of a table's rows. Days are ``YYYY-MM-DD``, both included; ``fetched_at`` is in
    UTC.

    None means all events in ``filter_events``, all users in ``filter_cohorts``, and no further
    condition in ``filter_where``.
    """

    type: Literal["events", "profiles"]
    fetched_at: datetime
    from_date: str | None = None
    to_date: str | None = None
    filter_events: list[str] | None = None
    filter_where: str | None = None
    filter_cohorts: list[int] | None = None


@dataclass(frozen=True, repr=False)
class TableInfo(Record):
    """A table or view.

    ``type`` is ``events``, ``profiles``, or ``table`` if it was not fetched; ``fetched_at`` is in
    UTC. ``description`` is the first sentence of its comment, ``grain`` what a row is; None if the
    comment does not say.
    """

    name: str
    type: str
    row_count: int
    fetched_at: datetime | None = None
    description: str | None = None
    grain: str | None = None


@dataclass(frozen=True, repr=False)
class ColumnInfo(Record):
    """A column, its DuckDB type, and its comment, which says what it means."""

    name: str
    type: str
    nullable: bool = True
    comment: str | None = None


@dataclass(frozen=True, repr=False)
class TableSchema(Table):
    """The columns of a table, in order, and what the table's comment says.

    ``df``: name, type, nullable, comment. ``grain`` is what a row is, ``keys`` the columns that are
    different in each row, ``joins`` the columns of other tables that some are equal to, ``caveats``
    what to know before its numbers are used, ``questions`` examples of what it answers. They are
    None or empty if the comment does not say.
    """

    table_name: str
    columns: list[ColumnInfo] = field(default_factory=list)
    description: str | None = None
    grain: str | None = None
    keys: list[str] = field(default_factory=list)
    joins: list[str] = field(default_factory=list)
    caveats: str | None = None
    questions: list[str] = field(default_factory=list)

    def _columns(self) -> list[str]:
        return ["name", "type", "nullable", "comment"]

    def records(self) -> list[dict[str, Any]]:
        return [column.to_dict() for column in self.columns]


@dataclass(frozen=True, repr=False)
class WorkspaceInfo(Record):
    """The database and account of a workspace.

    ``path`` is None for a database in memory, ``project_id`` without credentials.
    """

    path: str | None
    project_id: str | None = None
    region: str | None = None
    account: str | None = None
    tables: list[str] = field(default_factory=list)
    size_bytes: int | None = None
    created_at: datetime | None = None
