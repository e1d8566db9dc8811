"""What fetching brings: rows that stay in the database until they are asked for."""

import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_data._internal.dataframes import dataframe, require_pandas
from mixpanel_data.exceptions import MixpanelDataError, RejectedLinesWarning
from mixpanel_data.types._base import Record, Result

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, Any]]
_SHOWN = 3
ReadRows = Callable[[], "pd.DataFrame"]


@dataclass(frozen=True)
class RejectedLine(Record):
    """A line of an export, or a profile, that can't be read as it is.

    It came the same in two fetches, so it is what Mixpanel has. ``reason`` is ``repaired`` where it was loaded with
    replaced characters. Days are the window it was asked for with (``YYYY-MM-DD``, both included), None for profiles;
    ``line_number`` counts from 1 within that answer; ``raw`` is the line, bytes that are not UTF-8 as ``\\xNN``.
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


class RecordStream(Iterator[dict[str, Any]]):
    """Records one by one, as Mixpanel has them; also a context manager that ends the reading.

    What was read so far is told by ``rejected``, the lines that can't be read and were left out; ``repaired``, those whose
    records have replaced characters; and ``duplicates``, how many copies of other records were left out. At the end a
    RejectedLinesWarning says how many and where, if there were such lines.
    """

    def __init__(self, findings: "Findings", records: Generator[dict[str, Any]]) -> None:
        self._findings = findings
        self._records = records

    @property
    def rejected(self) -> list[RejectedLine]:
        """The lines so far that can't be read."""
        return list(self._findings.rejected)

    @property
    def repaired(self) -> list[RejectedLine]:
        """The lines so far whose records have replaced characters."""
        return list(self._findings.repaired)

    @property
    def duplicates(self) -> int:
        """The copies left out so far."""
        return self._findings.duplicates

    def __iter__(self) -> "RecordStream":
        return self

    def __next__(self) -> dict[str, Any]:
        try:
            return next(self._records)
        except StopIteration:
            self._findings.warn("`.rejected` and `.repaired` of the stream have them", stacklevel=3)
            raise

    def close(self) -> None:
        """End the reading; nothing more comes."""
        self._records.close()

    def __enter__(self) -> "RecordStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Findings:
    """What was found out about lines on their way."""

    rejected: list[RejectedLine] = field(default_factory=list)
    repaired: list[RejectedLine] = field(default_factory=list)
    duplicates: int = 0
    _is_said: bool = False

    def warn(self, where: str, *, stacklevel: int) -> None:
        """Warn of lines that can't be read, once; ``where`` says what has them."""
        lines = [*self.rejected, *self.repaired]
        if not lines or self._is_said:
            return
        self._is_said = True
        shown = "; ".join(map(str, lines[:_SHOWN]))
        more = f"; and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
        counts = [
            f"{len(some):,} {what}"
            for some, what in (
                (self.rejected, "can't be read and were left out"),
                (self.repaired, "were loaded with replaced characters"),
            )
            if some
        ]
        warnings.warn(
            f"Of what Mixpanel sent, lines: {', '.join(counts)} ({shown}{more}). {where}.",
            RejectedLinesWarning,
            stacklevel=stacklevel + 1,
        )


@dataclass(frozen=True)
class FetchResult(Result):
    """What a fetch put into ``table``.

    ``rows`` counts the events or profiles that this fetch brought, each once. ``date_range`` is the first and the last day
    (``YYYY-MM-DD``, both included; UTC days, those of the project's zone for projects created before 2023), None for
    profiles. ``fetched_at`` is in UTC. ``duplicates`` counts the copies that Mixpanel sent beside them. ``rejected`` has the
    lines that can't be read and were left out, ``repaired`` those that were loaded with replaced characters; the table
    ``_rejected`` keeps both. ``df``: the fetched rows, read from the database when it is asked for.
    """

    table: str
    rows: int
    type: Literal["events", "profiles"]
    duration_seconds: float
    date_range: tuple[str, str] | None
    fetched_at: datetime
    duplicates: int = 0
    rejected: list[RejectedLine] = field(default_factory=list)
    repaired: list[RejectedLine] = field(default_factory=list)
    # The rows, or how to read them: called once, when `df` is asked for.
    _data: Rows | ReadRows | None = field(default=(), repr=False, compare=False, kw_only=True)

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
