"""The rows of a query, with the names of its columns."""

from collections.abc import Iterable, Sequence
from typing import Any


class Rows(list[tuple[Any, ...]]):
    """A list of tuples, one a row; ``columns`` has their names.

    Of columns with the same name, such as ``x``, the second one is named ``x_1``, and so on.
    ``truncated`` is True if the query has more rows than were requested.
    """

    def __init__(
        self,
        rows: Iterable[tuple[Any, ...]] = (),
        columns: Sequence[str] = (),
        *,
        truncated: bool = False,
    ) -> None:
        super().__init__(rows)
        self.columns = unique_names(columns)
        self.truncated = truncated

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        return [dict(zip(self.columns, row, strict=True)) for row in self]


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
