"""Results without a fixed shape: saved reports and scripts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.types.base import Answer, Table


@dataclass(frozen=True, repr=False)
class InsightsResult(Answer):
    """A saved report as computed at ``computed_at``.

    ``series`` is nested by ``headers``, then by date; dates have the project's offset
    (``2020-08-31T00:00:00-07:00``). ``df`` has a column for each header, ``date`` and ``count``.
    ``date`` is empty for a report without dates, such as a bar chart; levels without a header are
    named ``level_1`` and so on.
    """

    bookmark_id: int
    computed_at: str | None
    from_date: str | None
    to_date: str | None
    headers: list[str] = field(default_factory=list)
    series: dict[str, Any] = field(default_factory=dict)

    def _columns(self) -> list[str]:
        deepest = max((len(path) for path, _ in leaves(self.series)), default=0)
        extra = deepest - len(self.headers) - 1
        levels = [f"level_{n}" for n in range(1, extra + 1)]
        return unique([*self.headers, *levels, "date", "count"])

    def records(self) -> list[dict[str, Any]]:
        columns = self._columns()
        labels = columns[:-2]
        records = []
        for path, number in leaves(self.series):
            *before, last = path
            # The date is the innermost key, but only in a path that is longer than the headers.
            dated = len(path) > len(self.headers)
            named = dict(zip(labels, before if dated else path, strict=False))
            records.append(
                dict.fromkeys(labels)
                | named
                | {columns[-2]: last if dated else None, columns[-1]: number}
            )
        return records


SavedReportResult = InsightsResult


@dataclass(frozen=True, repr=False)
class JQLResult(Table):
    """The result of a script.

    ``df`` has a column for each key, or ``value`` if the items are not objects.
    """

    raw: Any = field(default_factory=list)

    def _columns(self) -> list[str]:
        return list(dict.fromkeys(key for row in self.records() for key in row)) or ["value"]

    def records(self) -> list[dict[str, Any]]:
        items = (
            self.raw
            if isinstance(self.raw, Sequence) and not isinstance(self.raw, str)
            else [self.raw]
        )
        if all(isinstance(item, dict) for item in items):
            return [dict(item) for item in items]
        return [{"value": item} for item in items]


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each number of a nested series with the keys that lead to it."""
    for key, item in node.items():
        if isinstance(item, dict):
            yield from leaves(item, (*path, key))
        else:
            yield (*path, key), item


def unique(names: Sequence[str]) -> list[str]:
    """Return ``names`` with a number appended to repeated ones."""
    seen: list[str] = []
    for name in names:
        new, n = name, 2
        while new in seen:
            new, n = f"{name}_{n}", n + 1
        seen.append(new)
    return seen
