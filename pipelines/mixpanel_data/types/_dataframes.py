"""Tables of other libraries, which are imported only when such a table is requested: they are
optional, and slow to import."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mixpanel_data.exceptions import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Columns = Mapping[str, Sequence[Any]]
"""The values of each column."""

_KEPT = (bool, datetime, date, time, timedelta, Decimal, bytes)
_LEAST, _MOST = -(2**63), 2**63 - 1


def require_pandas() -> Any:
    """Import and return pandas. Raise ConfigError, with the command to install it, if it is
    missing."""
    try:
        import pandas  # noqa: PLC0415, RUF100 - half a second that only `.df` is worth
    except ImportError as error:
        raise _missing("A DataFrame", "pandas") from error
    return pandas


def require_pyarrow() -> Any:
    """Import and return pyarrow. Raise ConfigError, with the command to install it, if it is
    missing."""
    try:
        import pyarrow  # noqa: PLC0415, RUF100 - slow to import, like the others
    except ImportError as error:
        raise _missing("An Arrow table", "pyarrow", "arrow") from error
    return pyarrow


def require_polars() -> Any:
    """Import and return polars. Raise ConfigError, with the command to install it, if it is
    missing."""
    try:
        import polars  # noqa: PLC0415, RUF100 - slow to import, like the others
    except ImportError as error:
        raise _missing("A polars DataFrame", "polars") from error
    return polars


def _missing(what: str, library: str, extra: str = "") -> ConfigError:
    return ConfigError(
        f"{what} needs {library}, which is not installed: "
        f"pip install 'mixpanel-data[{extra or library}]'."
    )


def dataframe(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> "pd.DataFrame":
    """Return ``records`` as a DataFrame with these columns, also if there are no records.

    Raises like :func:`require_pandas`.
    """
    frame: pd.DataFrame = require_pandas().DataFrame(list(records), columns=list(columns))
    return frame


def arrow_table(columns: Columns) -> "pa.Table":
    """Return an Arrow table of the values, each column with one type.

    Raises like :func:`require_pyarrow`.
    """
    table: pa.Table = require_pyarrow().table({n: one_type(v) for n, v in columns.items()})
    return table


def polars_frame(columns: Columns) -> "pl.DataFrame":
    """Return a polars DataFrame of the values, each column with one type.

    Raises like :func:`require_polars`.
    """
    frame: pl.DataFrame = require_polars().DataFrame({n: one_type(v) for n, v in columns.items()})
    return frame


def columns_of(records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Columns:
    """Return the values of each column; None where a record lacks it."""
    return {name: [record.get(name) for record in records] for name in names}


def one_type(values: Sequence[Any]) -> list[Any]:
    """Return the values of a column as values of one type.

    Whole numbers and fractions become fractions. Objects, lists, and values of different types
    become JSON texts.
    """
    convert = _converter(values)
    return [None if value is None else convert(value) for value in values]


def _converter(values: Sequence[Any]) -> Callable[[Any], Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {str}:
        return whole_characters
    if kinds == {int} and all(_LEAST <= value <= _MOST for value in values if value is not None):
        return int
    if kinds == {float} or (kinds == {int, float} and not _exceeds_fractions(values)):
        return float
    if len(kinds) == 1 and kinds <= {*_KEPT}:
        return lambda value: value
    return _json_text


def _exceeds_fractions(values: Sequence[Any]) -> bool:
    """Return True if a whole number is too large to be exact as a fraction."""
    return any(isinstance(value, int) and abs(value) > 2**53 for value in values)


def _json_text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return whole_characters(text)


def whole_characters(text: str) -> str:
    """Return ``text`` with half characters replaced: UTF-8 has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
