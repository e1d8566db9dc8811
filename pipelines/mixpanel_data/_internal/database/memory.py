"""The part of the process's memory limit that DuckDB may use."""

import duckdb

Config = dict[str, str | bool | int | float | list[str]]

ALONE = 0.7
"""The share of one database at a time. Python and imported modules take the rest."""

EACH_OF_TWO = 0.35


def memory_config(memory_limit: str, share: float, *, at_most: int | None = None) -> Config:
    """Return DuckDB's settings for a database that may use this share of ``memory_limit``.

    ``memory_limit`` is a text such as ``1GB``; ``at_most`` a number of bytes.
    """
    with duckdb.connect() as db:
        [(limit,)] = db.execute("select parse_formatted_bytes($1)", [memory_limit]).fetchall()
    allowed = int(limit * share)
    return {"memory_limit": f"{min(allowed, at_most or allowed)}B"}
