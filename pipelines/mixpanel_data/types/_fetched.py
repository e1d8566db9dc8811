"""What fetching brings: rows that stay in the database until they are asked for."""

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

    It came the same in two fetches, so it is what Mixpanel has. ``reason`` is ``repaired`` where it
    was loaded with replaced characters. Days are the window it was asked for with (``YYYY-MM-DD``,
    both included), None for profiles; ``line_number`` counts from 1 within that answer; ``raw`` is
    the line, bytes that are not UTF-8 as ``\\xNN``.
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
    """What a fetch put into ``table``.

    ``rows`` counts the events or profiles that this fetch brought, each once. ``date_range`` is the
    first and the last day (``YYYY-MM-DD``, both included; UTC days, those of the project's zone for
    projects created before 2023), None for profiles. ``fetched_at`` is in UTC. ``duplicates``
    counts the copies that Mixpanel sent beside them. ``rejected`` has the lines that can't be read
    and were left out, ``repaired`` those that were loaded with replaced characters; the table
    ``_rejected`` keeps both. ``df``: the fetched rows, read from the database when it is asked for.
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
    # The rows, or how to read them: called once, when `df` is asked for.
    _data: Rows | ReadRows | None = field(default=(), repr=False, compare=False, kw_only=True)

    @property
    def duplicates(self) -> int:
        """How many copies Mixpanel sent beside the events or profiles that are counted in ``rows``."""
        return self._duplicates

    @property
    def rejected(self) -> list[RejectedLine]:
        """The lines that can't be read and were left out."""
        return list(self._rejected)

    @property
    def repaired(self) -> list[RejectedLine]:
        """The lines that were loaded with replaced characters."""
        return list(self._repaired)

    def to_dict(self) -> dict[str, Any]:
        """As of every result; ``duplicates``, ``rejected`` and ``repaired`` only where there are
        some."""
        found = {
            "duplicates": self._duplicates,
            "rejected": plain(self._rejected),
            "repaired": plain(self._repaired),
        }
        return super().to_dict() | {name: value for name, value in found.items() if value}

    def _frame(self) -> "pd.DataFrame":
        require_pandas()  # whoever reads would say it less clearly
        if callable(self._data):
            return self._data()
        if self._data is None:
            raise MixpanelDataError(
                f"These rows were left behind in another process. Read the table {self.table!r} from its database."
            )
        return dataframe(self._data, list(dict.fromkeys(key for row in self._data for key in row)))

    def __getstate__(self) -> dict[str, Any]:
        # A way to read rows holds a connection, which can't leave its process.
        state = super().__getstate__()
        return {**state, "_data": None} if callable(self._data) else state
