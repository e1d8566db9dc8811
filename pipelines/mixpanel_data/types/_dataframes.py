"""Imports pandas only when a DataFrame is requested: it is optional, and slow to import."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mixpanel_data.exceptions import ConfigError

if TYPE_CHECKING:
    import pandas as pd


def require_pandas() -> Any:
    """Import and return pandas. Raise ConfigError, with the command to install it, if it is
    missing."""
    try:
        import pandas  # noqa: PLC0415, RUF100 - half a second that only `.df` is worth
    except ImportError as error:
        raise ConfigError(
            "A DataFrame needs pandas, which is not installed: pip install 'mixpanel-data[pandas]'."
        ) from error
    return pandas


def dataframe(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> "pd.DataFrame":
    """Return ``records`` as a DataFrame with these columns, also if there are no records.

    Raises like :func:`require_pandas`.
    """
    frame: pd.DataFrame = require_pandas().DataFrame(list(records), columns=list(columns))
    return frame
