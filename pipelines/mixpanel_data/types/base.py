"""The base of all results: immutable, JSON-safe, and with a DataFrame created on first use."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_data._display import ROWS, Displayed, short, table_html
from mixpanel_data.types._dataframes import (
    Columns,
    arrow_table,
    columns_of,
    dataframe,
    polars_frame,
)

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Number = int | float
"""A count, or a mean or sum, as Mixpanel sends it."""

OVERALL = "$overall"
"""Mixpanel's name for all segments together."""

Series = dict[str, dict[str, Number]]
"""Segment, then date (or time), then number."""


@dataclass(frozen=True, repr=False)
class Record(Displayed):
    """A result of plain values."""

    def to_dict(self) -> dict[str, Any]:
        """Return the public fields, ready for ``json.dumps``: dates as ISO texts, NaN as None."""
        names = (item.name for item in fields(self) if not item.name.startswith("_"))
        return {name: plain(getattr(self, name)) for name in names}


@dataclass(frozen=True, repr=False)
class Result(Record):
    """A :class:`Record` that is also a table."""

    @cached_property
    def df(self) -> "pd.DataFrame":
        """The rows as a pandas DataFrame, created once: changes to it are kept.

        Raises:
            ConfigError: if pandas is not installed: ``pip install 'mixpanel-data[pandas]'``.
        """
        return self._frame()

    def arrow(self) -> "pa.Table":
        """Return the rows as a pyarrow Table, with the columns of ``df``.

        Objects, lists, and values of different types in one column are JSON texts. A column without
        values has the type null.

        Raises:
            ConfigError: if pyarrow is not installed: ``pip install 'mixpanel-data[arrow]'``.
        """
        raise NotImplementedError

    def pl(self) -> "pl.DataFrame":
        """Return the rows as a polars DataFrame, with columns and values like those of
        :meth:`arrow`.

        Raises:
            ConfigError: if polars is not installed: ``pip install 'mixpanel-data[polars]'``.
        """
        raise NotImplementedError

    def _frame(self) -> "pd.DataFrame":
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "df"}


@dataclass(frozen=True, repr=False)
class Table(Result):
    """A :class:`Result` that has its rows."""

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of ``df`` as dicts, without pandas, for instance for
        ``polars.DataFrame``."""
        raise NotImplementedError

    def _columns(self) -> list[str]:
        raise NotImplementedError  # called even without rows

    def arrow(self) -> "pa.Table":
        return arrow_table(self._values())

    def pl(self) -> "pl.DataFrame":
        return polars_frame(self._values())

    def _frame(self) -> "pd.DataFrame":
        return dataframe(self.records(), self._columns())

    def _values(self) -> Columns:
        return columns_of(self.records(), self._columns())

    def _repr_html_(self) -> str:
        records, columns = self.records(), self._columns()
        shown = [[record.get(name) for name in columns] for record in records[:ROWS]]
        return table_html(self._title(), columns, shown, total=len(records))

    def _title(self) -> str:
        """Return the fields that are not in the rows, as the title of a table."""
        values = ((item.name, getattr(self, item.name)) for item in fields(self) if item.repr)
        single = [
            f"{name} {value if isinstance(value, str) else short(value)}"
            for name, value in values
            if value is not None and not isinstance(value, list | dict)
        ]
        return ", ".join([type(self).__name__, *single])


@dataclass(frozen=True, repr=False)
class Answer(Table):
    """A :class:`Table` parsed from a response of Mixpanel, which ``raw`` has."""

    _data: Any = field(default=None, repr=False, compare=False, kw_only=True)

    @property
    def raw(self) -> Any:
        """Mixpanel's complete response, parsed from JSON; None for a result created by hand."""
        return self._data


def plain(value: Any) -> Any:
    """Rebuild ``value`` from JSON types."""
    if is_dataclass(value):
        return value.to_dict()  # type: ignore[union-attr]  # all of ours are Records
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, date):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def cells(series: Series, segment: str, number: str) -> list[dict[str, Any]]:
    """Return ``series`` in long form: date, ``segment``, ``number``; a row for each number."""
    return [
        {"date": day, segment: name, number: count}
        for name, counts in series.items()
        for day, count in counts.items()
    ]
