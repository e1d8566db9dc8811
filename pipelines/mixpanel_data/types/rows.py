"""The rows of a query, with the names of its columns."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mixpanel_data._display import ROWS, counted, table_html
from mixpanel_data.types._dataframes import (
    Columns,
    arrow_table,
    dataframe,
    polars_frame,
)

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class Rows(list[tuple[Any, ...]]):
    """The rows of a query: a list of tuples; ``columns`` has the names of the columns.

    Of columns with the same name, such as ``x``, the second one is named ``x_1``, and so on.
    ``types`` has the names of their types in DuckDB, such as ``VARCHAR`` or ``JSON``; a value of
    the type ``JSON`` is text. ``truncated`` is True if the query has more rows than were requested. For a large result
    ``Workspace.sql_arrow()`` and ``Workspace.sql_pl()`` are faster than ``arrow()`` and ``pl()``,
    and keep DuckDB's types.

    Args:
        rows: The rows.
        columns: The names of the columns.
        types: The types of the columns.
        truncated: Whether the query has more rows.
    """

    def __init__(
        self,
        rows: Iterable[tuple[Any, ...]] = (),
        columns: Sequence[str] = (),
        *,
        types: Sequence[str] = (),
        truncated: bool = False,
    ) -> None:
        super().__init__(rows)
        self.columns = unique_names(columns)
        self.types = list(types)
        self.truncated = truncated

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        return [dict(zip(self.columns, row, strict=True)) for row in self]

    @property
    def df(self) -> "pd.DataFrame":
        """The rows as a pandas DataFrame, created with each use.

        Raises:
            ConfigError: if pandas is not installed: ``pip install 'mixpanel-data[pandas]'``.
        """
        return dataframe(self.to_dicts(), self.columns)

    def arrow(self) -> "pa.Table":
        """Return the rows as a pyarrow Table.

        Objects, lists, and values of different types in one column are JSON texts.

        Raises:
            ConfigError: if pyarrow is not installed: ``pip install 'mixpanel-data[arrow]'``.
        """
        return arrow_table(self._values())

    def pl(self) -> "pl.DataFrame":
        """Return the rows as a polars DataFrame, with values like those of :meth:`arrow`.

        Raises:
            ConfigError: if polars is not installed: ``pip install 'mixpanel-data[polars]'``.
        """
        return polars_frame(self._values())

    def __repr__(self) -> str:
        if len(self) <= ROWS:
            return super().__repr__()
        first = ", ".join(map(repr, self[:ROWS]))
        return f"[{first}, ... {counted(len(self) - ROWS, 'more row')}]"

    def _repr_html_(self) -> str:
        title = "The first rows" if self.truncated else "Rows"
        return table_html(title, self.columns, self[:ROWS], total=len(self))

    def _values(self) -> Columns:
        return {name: [row[number] for row in self] for number, name in enumerate(self.columns)}


def unique_names(names: Sequence[str]) -> list[str]:
    """Return ``names`` with a number added to each repeated one: ``x``, ``x_1``, ``x_2``."""
    taken = set(names)
    unique: list[str] = []
    used: set[str] = set()
    for name in names:
        given, number = name, 0
        while given in used or (number and given in taken):
            number += 1
            given = f"{name}_{number}"
        used.add(given)
        unique.append(given)
    return unique
