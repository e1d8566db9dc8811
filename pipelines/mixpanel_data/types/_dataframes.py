"""pandas, which not everybody has and which is slow to import: only where a DataFrame is asked for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mixpanel_data.exceptions import ConfigError

if TYPE_CHECKING:
    import pandas as pd


def require_pandas() -> Any:
    """The module. Raises ConfigError, saying how to install it, where it is missing."""
    try:
        import pandas  # noqa: PLC0415, RUF100 - half a second that only `.df` is worth
    except ImportError as error:
        raise ConfigError(
            "A DataFrame needs pandas, which is not installed: pip install 'mixpanel-data[pandas]'."
        ) from error
    return pandas


def dataframe(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> "pd.DataFrame":
    """``records`` as rows, with these columns also when there are none. Raises as
    :func:`require_pandas`."""
    frame: pd.DataFrame = require_pandas().DataFrame(list(records), columns=list(columns))
    return frame
