"""Which of several ledger rows is the newest: the one of the last load, whatever the clocks said.

``load_number`` grows with each load. Version 0.1.0 wrote none: those rows are older than all
numbered ones, and among them ``fetched_at`` decides.
"""

IN_ORDER = "(coalesce(load_number, 0), fetched_at, load_id)"
"""An SQL value that is greatest for the newest row."""

NEWEST_FIRST = f"{IN_ORDER} DESC"
"""An SQL ORDER BY that puts the newest row first."""

CHECK = "check "
"""How the ids of loads begin that fetched nothing, but found other rows than the ledger counted."""


def with_numbers(ledger: str) -> str:
    """A relation of the rows of ``ledger``, with ``load_number`` NULL where the table has no such
    column yet."""
    return f"(FROM {ledger} UNION ALL BY NAME SELECT NULL::BIGINT AS load_number WHERE false)"
