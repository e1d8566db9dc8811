"""What all results share: they never change, JSON can hold them, and a DataFrame is made when it is
asked for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_data.types._dataframes import dataframe

if TYPE_CHECKING:
    import pandas as pd

Number = int | float
"""A count, or a mean or sum, as Mixpanel sends it."""

OVERALL = "$overall"
"""What Mixpanel calls all segments together."""

Series = dict[str, dict[str, Number]]
"""Segment, then date (or time), then number."""


@dataclass(frozen=True)
class Record:
    """Something that was found out, as plain values."""

    def to_dict(self) -> dict[str, Any]:
        """The public fields, ready for ``json.dumps``: dates as ISO texts, what is no number (NaN)
        as None."""
        names = (item.name for item in fields(self) if not item.name.startswith("_"))
        return {name: plain(getattr(self, name)) for name in names}


@dataclass(frozen=True)
class Result(Record):
    """A :class:`Record` that is also a table."""

    @cached_property
    def df(self) -> "pd.DataFrame":
        """The rows as a pandas DataFrame, made once and kept: what is changed in it stays changed.

        Raises ConfigError when pandas is not installed: ``pip install 'mixpanel-data[pandas]'``.
        """
        return self._frame()

    def _frame(self) -> "pd.DataFrame":
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "df"}


@dataclass(frozen=True)
class Table(Result):
    """A :class:`Result` small enough to hold its rows."""

    def records(self) -> list[dict[str, Any]]:
        """The rows of ``df`` as dicts. Needs no pandas and feeds other libraries, such as
        ``polars.DataFrame``."""
        raise NotImplementedError

    def _columns(self) -> list[str]:
        raise NotImplementedError  # asked even when there are no rows

    def _frame(self) -> "pd.DataFrame":
        return dataframe(self.records(), self._columns())


@dataclass(frozen=True)
class Answer(Table):
    """A :class:`Table` read from an answer of Mixpanel, which ``raw`` still holds."""

    _data: Any = field(default=None, repr=False, compare=False, kw_only=True)

    @property
    def raw(self) -> Any:
        """Mixpanel's whole answer, parsed from JSON; None for a result that was made by hand."""
        return self._data


def plain(value: Any) -> Any:
    """``value`` rebuilt from what JSON has."""
    if is_dataclass(value):
        return value.to_dict()  # type: ignore[union-attr]  # all of ours are Records
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def cells(series: Series, segment: str, number: str) -> list[dict[str, Any]]:
    """``series`` in long form: date, ``segment``, ``number``; a row for each number."""
    return [
        {"date": day, segment: name, number: count}
        for name, counts in series.items()
        for day, count in counts.items()
    ]
