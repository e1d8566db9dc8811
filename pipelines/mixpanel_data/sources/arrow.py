"""Arrow, which the extras of dlt's destinations install."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from dlt.common.schema.typing import TColumnSchema

from mixpanel_data.exceptions import ConfigError


def require_pyarrow() -> None:
    """Raise ConfigError if pyarrow is not installed."""
    if importlib.util.find_spec("pyarrow") is None:
        raise ConfigError(
            "dlt's own destinations get the rows as Arrow, and pyarrow is not installed. "
            "pip install 'mixpanel-data[arrow]', or the extra of the destination: postgres with "
            "arrow, s3, delta or iceberg. The destination mixpanel_duckdb needs none."
        )


def arrow_table(columns: Mapping[str, TColumnSchema], rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return ``rows`` as an Arrow table with these columns; missing values are null."""
    import pyarrow as pa

    schema = arrow_schema(columns)
    return pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows], schema)


def arrow_schema(columns: Mapping[str, TColumnSchema]) -> Any:
    """Return the columns as Arrow declares them."""
    import pyarrow as pa

    types: dict[str | None, Any] = {
        "text": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }
    return pa.schema(
        [
            pa.field(name, types[column.get("data_type")], nullable=column.get("nullable", True))
            for name, column in columns.items()
        ]
    )
