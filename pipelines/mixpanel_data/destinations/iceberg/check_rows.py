"""Compares the rows of each day in the Iceberg table of events with the ledger."""

from datetime import date

import duckdb

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.ledger.load_order import CHECK_PREFIX
from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data._internal.ledger.row_check import Disagreement, mark_missing
from mixpanel_data.destinations.iceberg import ledger
from mixpanel_data.destinations.iceberg.catalog import Lake
from mixpanel_data.destinations.iceberg.ledger_copy import write_ledger_copy
from mixpanel_data.destinations.iceberg.load import commit_nothing
from mixpanel_data.sources import schema


def mark_disagreeing_days(lake: Lake, folder: DataFolder) -> list[Disagreement]:
    """Mark days as missing that have another number of rows than in the ledger, and return them.

    The numbers are those of the table's metadata; no event is read. The copy of the ledger must be
    the present one.
    """
    found = rows_by_day(lake)
    disagreeing = [
        Disagreement(schema.EVENTS, str(day), record.row_count, found.get(day, 0))
        for day, record in sorted(read_ledger(folder.raw).days.items())
        if record.row_count != found.get(day, 0)
    ]
    if not disagreeing:
        return []
    with duckdb.connect(str(folder.raw)) as connection:
        mark_missing(connection, disagreeing)
        marks = connection.execute(
            f"SELECT {', '.join(ledger.COLUMNS)} FROM mixpanel.{schema.LEDGER} "
            "WHERE starts_with(load_id, $prefix)",
            {"prefix": CHECK_PREFIX},
        ).fetchall()
    known = {row[-1] for row in ledger.read_ledger_rows(lake)}
    new = [row for row in marks if row[-1] not in known]
    commit_nothing(lake.table(schema.EVENTS), ledger.summary_of(new))
    ledger.write_ledger_table(lake)
    write_ledger_copy(lake, folder)
    return disagreeing


def rows_by_day(lake: Lake) -> dict[date, int]:
    """Return the number of events of each day, from the metadata of the table."""
    events = lake.table(schema.EVENTS)
    if events.current_snapshot() is None:
        return {}
    partitions = events.inspect.partitions()
    if not partitions.num_rows:  # it then has no columns of them either
        return {}
    return {
        row["partition"]["day"]: row["record_count"]
        for row in partitions.select(["partition", "record_count"]).to_pylist()
    }
