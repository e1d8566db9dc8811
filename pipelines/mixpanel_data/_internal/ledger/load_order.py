"""The order of ledger rows: the newest is that of the last load, regardless of the clocks.

``load_number`` grows with each load. Version 0.1.0 wrote none: those rows are older than all
numbered ones, and ordered by ``fetched_at``.
"""

IN_ORDER = "(coalesce(load_number, 0), fetched_at, load_id)"
"""An SQL value that is greatest for the newest row."""

NEWEST_FIRST = f"{IN_ORDER} DESC"
"""An SQL ORDER BY that puts the newest row first."""

CHECK_PREFIX = "check "
"""The prefix of ids of loads that fetched nothing, but found other rows than the ledger counted."""


def with_load_numbers(ledger: str) -> str:
    """Return a relation of the rows of ``ledger``, with ``load_number``.

    It is NULL where the table lacks the column.
    """
    return f"(FROM {ledger} UNION ALL BY NAME SELECT NULL::BIGINT AS load_number WHERE false)"
