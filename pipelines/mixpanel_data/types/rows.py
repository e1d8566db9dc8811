"""The rows of a query, with the names of its columns."""

from collections.abc import Iterable, Sequence
from typing import Any


class Rows(list[tuple[Any, ...]]):
    """A list of tuples, one a row; ``columns`` has their names."""

    def __init__(self, rows: Iterable[tuple[Any, ...]] = (), columns: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.columns = list(columns)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts; of columns with the same name the last one counts."""
        return [dict(zip(self.columns, row, strict=True)) for row in self]
