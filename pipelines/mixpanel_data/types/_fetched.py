"""The results of fetches, whose rows are kept in the database until they are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_data._display import record_html, short_repr
from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.types._dataframes import (
    arrow_table,
    columns_of,
    dataframe,
    polars_frame,
    require_pandas,
    require_polars,
    require_pyarrow,
)
from mixpanel_data.types.base import Record, Result, plain

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class StoredRows:
    """Reads the rows of a fetch from the database, as a table of each library."""

    df: Callable[[], "pd.DataFrame"]
    arrow: Callable[[], "pa.Table"]
    pl: Callable[[], "pl.DataFrame"]


@dataclass(frozen=True, repr=False)
class RejectedLine(Record):
    """A line of an export, or a profile, that can't be read as it is.

    It was the same in two fetches, so it is what Mixpanel stores. ``reason`` is ``repaired`` if it
    was loaded with replaced characters. The days are the window of the request (``YYYY-MM-DD``,
    both included), None for profiles; ``line_number`` counts from 1 within the response; ``raw`` is
    the line, with bytes that are not UTF-8 as ``\\xNN``.
    """

    from_date: str | None
    to_date: str | None
    line_number: int
    reason: str
    raw: str = field(repr=False)

    def __str__(self) -> str:
        days = (
            self.from_date
            if self.from_date == self.to_date
            else f"{self.from_date} to {self.to_date}"
        )
        return f"{f'{days} ' if days else ''}line {self.line_number}: {self.reason}"


@dataclass(frozen=True, repr=False)
class FetchResult(Result):
    """The result of a fetch into ``table``.

    ``rows`` counts the events or profiles of this fetch without duplicates. ``date_range`` is the
    first and the last day (``YYYY-MM-DD``, both included; UTC days, those of the project's zone for
    projects created before 2023), None for profiles. ``fetched_at`` is in UTC. ``duplicates``
    counts the copies that Mixpanel sent in addition. ``rejected`` lists unreadable lines that were
    left out, ``repaired`` those loaded with replaced characters; the table ``_rejected`` stores
    both. ``df`` reads the fetched rows from the database when first used.
    """

    table: str
    rows: int
    type: Literal["events", "profiles"]
    duration_seconds: float
    date_range: tuple[str, str] | None
    fetched_at: datetime
    _duplicates: int = field(default=0, repr=False, kw_only=True)
    _rejected: list[RejectedLine] = field(default_factory=list, repr=False, kw_only=True)
    _repaired: list[RejectedLine] = field(default_factory=list, repr=False, kw_only=True)
    # The rows, or what reads them: into `df` once, when it is first used.
    _data: Rows | StoredRows | None = field(default=(), repr=False, compare=False, kw_only=True)

    @property
    def duplicates(self) -> int:
        """The number of copies that Mixpanel sent in addition to ``rows``."""
        return self._duplicates

    @property
    def rejected(self) -> list[RejectedLine]:
        """The unreadable lines, which were left out."""
        return list(self._rejected)

    @property
    def repaired(self) -> list[RejectedLine]:
        """The lines that were loaded with replaced characters."""
        return list(self._repaired)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields like every result; ``duplicates``, ``rejected`` and ``repaired`` only
        if any."""
        found = {
            "duplicates": self._duplicates,
            "rejected": plain(self._rejected),
            "repaired": plain(self._repaired),
        }
        return super().to_dict() | {name: value for name, value in found.items() if value}

    def arrow(self) -> "pa.Table":
        """Read the fetched rows as a pyarrow Table, with the types of the table's columns.

        Raises:
            ConfigError: if pyarrow is not installed: ``pip install 'mixpanel-data[arrow]'``.
        """
        require_pyarrow()  # the error of the reading function would be less clear
        data = self._available()
        return data.arrow() if isinstance(data, StoredRows) else arrow_table(_columns(data))

    def pl(self) -> "pl.DataFrame":
        """Read the fetched rows as a polars DataFrame, with the types of the table's columns.

        Raises:
            ConfigError: if polars is not installed: ``pip install 'mixpanel-data[polars]'``.
        """
        require_polars()
        data = self._available()
        return data.pl() if isinstance(data, StoredRows) else polars_frame(_columns(data))

    def _frame(self) -> "pd.DataFrame":
        require_pandas()
        data = self._available()
        return data.df() if isinstance(data, StoredRows) else dataframe(data, _names(data))

    def _available(self) -> Rows | StoredRows:
        if self._data is None:
            raise MixpanelDataError(
                f"These rows can't be read in another process. Read the table {self.table!r} from "
                "its database."
            )
        return self._data

    def __repr__(self) -> str:
        return short_repr(self, self._found())

    def _repr_html_(self) -> str:
        return record_html(self, self._found())

    def _found(self) -> dict[str, int]:
        """Return the numbers of lines that were not loaded as they came, without zeros."""
        numbers = {
            "duplicates": self._duplicates,
            "rejected": len(self._rejected),
            "repaired": len(self._repaired),
        }
        return {name: number for name, number in numbers.items() if number}

    def __getstate__(self) -> dict[str, Any]:
        # What reads rows has a connection, which can't be pickled.
        state = super().__getstate__()
        return {**state, "_data": None} if isinstance(self._data, StoredRows) else state


def _names(rows: Rows) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _columns(rows: Rows) -> Mapping[str, Sequence[Any]]:
    return columns_of(rows, _names(rows))
