"""Compares the number of raw rows with the ledger.

It reads the ``time`` column once: measured, 0.06 s for a million events and 0.6 s for ten million,
while a sync without new data takes 5 s.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import duckdb

from mixpanel_data._internal.ledger.load_order import CHECK_PREFIX, NEWEST_FIRST, with_load_numbers
from mixpanel_data._internal.ledger.tables import table_names

Connection = duckdb.DuckDBPyConnection

_DAY = "epoch_us(time::DATE::TIMESTAMP)"
_QUARTER_HOUR = "epoch_us(time) // 900000000 * 900000000"
"""Zones differ from UTC by multiples of a quarter of an hour."""

# Events are counted by slot first, so that the ASOF join gets slots, not events. A slot is a day,
# or a quarter of an hour where days begin at another hour. Rows outside all fetched days belong to
# no day, and no model reads them.
_DISAGREEING = """
    WITH newest AS (
        FROM {ledger} WHERE table_name = 'events'
        QUALIFY row_number() OVER (PARTITION BY window_start ORDER BY {newest_first}) = 1
    ),
    slots AS (SELECT {slot} AS slot, count(*) AS found FROM mixpanel.events GROUP BY ALL),
    days AS (
        SELECT window_start, sum(found)::BIGINT AS found
        FROM slots ASOF JOIN newest ON slots.slot >= epoch_us(newest.range_start)
        WHERE slots.slot < epoch_us(newest.range_end)
        GROUP BY ALL
    )
    SELECT window_start, row_count, coalesce(found, 0)
    FROM newest LEFT JOIN days USING (window_start)
    WHERE row_count <> coalesce(found, 0)
        AND load_id IN (SELECT load_id FROM mixpanel._dlt_loads WHERE status = 0)
    ORDER BY ALL
"""

_WHOLE_DAYS = """
    SELECT coalesce(bool_and(range_start = range_start::DATE AND range_end = range_end::DATE), true)
    FROM mixpanel._metadata WHERE table_name = 'events'
"""

# Only a complete read without rejected profiles has the same count as the table. Otherwise the
# number of distinct ids is wanted, which finds duplicates.
_PROFILES = """
    WITH newest AS (
        FROM {ledger}
        WHERE table_name = '{table}'
            AND load_id IN (SELECT load_id FROM mixpanel._dlt_loads WHERE status = 0)
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {newest_first}) = 1
    ),
    counted AS (SELECT {group_key} AS part, count(*) AS found, count(DISTINCT distinct_id) AS ids
        FROM mixpanel.{table} GROUP BY ALL)
    SELECT coalesce(part, {key}) AS part,
        CASE
            WHEN snapshot_complete AND coalesce(rejected_count, 0) = 0 THEN row_count
            ELSE coalesce(ids, 0)
        END AS wanted,
        coalesce(found, 0) AS found
    FROM counted FULL JOIN newest ON part = {key}
    WHERE coalesce(found, 0) <> wanted
    ORDER BY ALL
"""


@dataclass(frozen=True)
class Disagreement:
    """A day of events, or a set of profiles, whose number of rows differs from the ledger's."""

    table: str
    part: str
    """The day as ``YYYY-MM-DD``; for profiles the group key, empty for users."""
    in_ledger: int
    found: int

    @property
    def day(self) -> date | None:
        """The day, for events; None for profiles."""
        return date.fromisoformat(self.part) if self.table == "events" else None

    def __str__(self) -> str:
        what = self.part if self.table == "events" else f"{self.part or 'user'} profiles"
        return f"{what} ({self.found:,} rows, {self.in_ledger:,} by the ledger)"


def disagreeing_days(connection: Connection) -> list[Disagreement]:
    """Return the days of events whose number of rows differs; an empty list without a ledger."""
    if "_metadata" not in table_names(connection, "mixpanel"):
        return []
    [whole] = connection.execute(_WHOLE_DAYS).fetchall()
    query = _DISAGREEING.format(
        ledger=with_load_numbers("mixpanel._metadata"),
        newest_first=NEWEST_FIRST,
        slot=_DAY if whole[0] else _QUARTER_HOUR,
    )
    return [
        Disagreement("events", str(day), in_ledger, found)
        for day, in_ledger, found in connection.execute(query).fetchall()
    ]


def disagreeing_profiles(connection: Connection) -> list[Disagreement]:
    """Return the profile sets with a duplicate id, or another count than the last complete read."""
    there = table_names(connection, "mixpanel")
    found: list[Disagreement] = []
    for table, key, group_key in (
        ("profiles", "''", "''"),
        ("group_profiles", "split_part(filter_hash, '=', 1)", "group_key"),
    ):
        if {table, "_metadata"} <= there:
            query = _PROFILES.format(
                ledger=with_load_numbers("mixpanel._metadata"), newest_first=NEWEST_FIRST,
                table=table, key=key, group_key=group_key,
            )  # fmt: skip
            rows = connection.execute(query).fetchall()
            found += [Disagreement(table, *row) for row in rows]
    return found


def rejected_counts(connection: Connection) -> tuple[int, int]:
    """Return the rejected lines counted by the newest row of each day, and those kept by these
    loads."""
    if not {"_metadata", "_rejected"} <= table_names(connection, "mixpanel"):
        return 0, 0
    newest = (
        f"FROM {with_load_numbers('mixpanel._metadata')} WHERE table_name = 'events' "
        f"QUALIFY row_number() OVER (PARTITION BY window_start ORDER BY {NEWEST_FIRST}) = 1"
    )
    [(counted, kept)] = connection.execute(
        f"SELECT (SELECT coalesce(sum(rejected_count), 0)::BIGINT FROM ({newest})), "
        "(SELECT count(*) FROM mixpanel._rejected "
        "WHERE table_name = 'events' AND reason <> 'repaired' "
        f"AND load_id IN (SELECT load_id FROM ({newest})))"
    ).fetchall()
    return counted, kept


def mark_missing(connection: Connection, found: Collection[Disagreement]) -> None:
    """Mark the days and profiles of ``found`` as missing, so that the next run fetches them.

    No row is removed. Each day or set gets a ledger row of a load of its own, with the number of
    rows found. By that row nothing is known of the day, as if it had been fetched at its first
    instant; profiles count as never read. The next build includes it.
    """
    if not found:
        return
    connection.execute("BEGIN")
    load_id = f"{CHECK_PREFIX}{uuid.uuid4().hex}"
    number = (
        f"(SELECT coalesce(max(load_number), 0) + 1 FROM {with_load_numbers('mixpanel._metadata')})"
    )
    # A database of version 0.1.0 lacks the column.
    connection.execute("ALTER TABLE mixpanel._metadata ADD COLUMN IF NOT EXISTS load_number BIGINT")
    for each in found:
        if each.table == "events":
            others, of_part = "range_start AS fetched_at", "window_start = $part::DATE"
        else:
            others = "false AS snapshot_complete"
            of_part = "($part = '' OR split_part(filter_hash, '=', 1) = $part)"
        connection.execute(
            "INSERT INTO mixpanel._metadata BY NAME SELECT * REPLACE ("
            "$found::BIGINT AS row_count, 0::BIGINT AS rejected_count, 0::BIGINT AS bytes, "
            "0::BIGINT AS requests, $load AS load_id, $load AS _dlt_load_id, "
            f"uuid()::VARCHAR AS _dlt_id, {number} AS load_number, {others}) "
            f"FROM mixpanel._metadata WHERE table_name = $table AND {of_part} "
            f"QUALIFY row_number() OVER (PARTITION BY table_name, window_start, filter_hash ORDER BY {NEWEST_FIRST}) = 1",
            {"found": each.found, "load": load_id, "table": each.table, "part": each.part},
        )
    # The rows above count only if their load is a committed one.
    connection.execute(
        "INSERT INTO mixpanel._dlt_loads BY NAME "
        "SELECT * REPLACE ($load AS load_id, 0 AS status) FROM mixpanel._dlt_loads LIMIT 1",
        {"load": load_id},
    )
    connection.execute("COMMIT")
