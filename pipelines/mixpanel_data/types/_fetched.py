"""What fetching brings: rows that stay in the database until they are asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_data._internal.dataframes import dataframe, require_pandas
from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.types._base import Result

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, Any]]
ReadRows = Callable[[], "pd.DataFrame"]


@dataclass(frozen=True)
class FetchResult(Result):
    """What a fetch put into ``table``.

    ``rows`` counts what this fetch brought. ``date_range`` is the first and the last day (``YYYY-MM-DD``, both included; UTC
    days, those of the project's zone for projects created before 2023), None for profiles. ``fetched_at`` is in UTC.
    ``df``: the fetched rows, read from the database when it is asked for.
    """

    table: str
    rows: int
    type: Literal["events", "profiles"]
    duration_seconds: float
    date_range: tuple[str, str] | None
    fetched_at: datetime
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
