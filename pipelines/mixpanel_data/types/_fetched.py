"""The results of fetches, whose rows are kept in the database until they are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.types._dataframes import dataframe, require_pandas
from mixpanel_data.types.base import Record, Result, plain

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, Any]]
ReadRows = Callable[[], "pd.DataFrame"]


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
    # The rows, or a function that reads them, called once when `df` is first used.
    _data: Rows | ReadRows | None = field(default=(), repr=False, compare=False, kw_only=True)

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

    def _frame(self) -> "pd.DataFrame":
        require_pandas()  # the error of the reading function would be less clear
        if callable(self._data):
            return self._data()
        if self._data is None:
            raise MixpanelDataError(
                f"These rows can't be read in another process. Read the table {self.table!r} from "
                "its database."
            )
        return dataframe(self._data, list(dict.fromkeys(key for row in self._data for key in row)))

    def __getstate__(self) -> dict[str, Any]:
        # A function that reads rows has a connection, which can't be pickled.
        state = super().__getstate__()
        return {**state, "_data": None} if callable(self._data) else state
