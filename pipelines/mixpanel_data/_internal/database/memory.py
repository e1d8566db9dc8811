"""How much memory DuckDB may take of a limit that is the whole process's."""

import duckdb

Config = dict[str, str | bool | int | float | list[str]]

ALONE = 0.7
"""Of the limit, for one database at a time. Python and what it has imported take the rest."""

EACH_OF_TWO = 0.35


def limited(memory_limit: str, share: float, *, at_most: int | None = None) -> Config:
    """DuckDB's settings for a database that may take this share of ``memory_limit``, such as
    ``1GB``.

    ``at_most`` so many bytes, if given.
    """
    with duckdb.connect() as db:
        [(limit,)] = db.execute("select parse_formatted_bytes($1)", [memory_limit]).fetchall()
    allowed = int(limit * share)
    return {"memory_limit": f"{min(allowed, at_most or allowed)}B"}
