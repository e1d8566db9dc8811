"""Mixpanel's rule for duplicate events, applied to tables of fetched events.

Two events are duplicates if their name, time, ``$insert_id`` and ``distinct_id`` as ingested are
equal; the copy that Mixpanel processed last counts
(https://developer.mixpanel.com/reference/event-deduplication). Events without an ``$insert_id`` are
never duplicates of each other in the same fetch. The rows of a table do not depend on the order or
number of the fetches.
"""

from itertools import pairwise

from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.sql.events import processed_at

SLICE = 200_000
"""The approximate number of events compared at once, which limits the memory used."""

_HAS_ID = "coalesce(insert_id, '') <> ''"

# A hash is narrower than the three columns, so that finding candidates costs little. The rule
# itself decides about rows that only share a hash.
_KEY = "hash(event, time, insert_id)"

_FOUND = """json_extract_string(properties, '/$distinct_id_before_identity') AS found"""
_FACTS = f"""
    coalesce(found, distinct_id) AS ingested,
    {processed_at("properties")} AS processed,
    found IS NOT NULL AS is_merged
"""

# Of copies processed at the same time, one that shows a merge of users is the later one. Ties are
# decided by content, so that the result is the same in any order.
_WORSE = f"""
    SELECT id FROM (SELECT *, {_FACTS} FROM (SELECT *, {_FOUND} FROM ({{copies}})))
    QUALIFY row_number() OVER (
        PARTITION BY event, time, ingested, insert_id
        ORDER BY processed DESC NULLS LAST, is_merged DESC, properties::VARCHAR, distinct_id
    ) > 1
"""

# Events without an $insert_id are compared by everything that a merge of users does not change.
# Equal ones within one fetch are numbered, since all of them count.
_MERGE = """'{{"distinct_id": null, "$distinct_id_before_identity": null}}'"""
_COMPARED = f"""
    SELECT id, event, time, distinct_id, ingested, insert_id, processed, is_merged, content,
        NULL AS known, 0 AS number
    FROM ({{rows}}) WHERE {_HAS_ID}
    UNION ALL
    SELECT id, event, time, distinct_id, ingested, '', processed, is_merged, content,
        md5_number(json_merge_patch(properties, {_MERGE})) AS known,
        row_number() OVER (PARTITION BY event, time, ingested, known) AS number
    FROM ({{rows}}) WHERE NOT {_HAS_ID}
"""
_ROWS = f"""
    SELECT id, event, time, distinct_id, insert_id, properties, {_FACTS},
        md5_number(properties::VARCHAR) AS content
    FROM (SELECT rowid AS id, *, {_FOUND} FROM {{table}} WHERE {{during}})
"""
_PAIRS = """
    CREATE OR REPLACE TEMP TABLE pairs AS
    SELECT old.id AS old_id, new.id AS new_id, CASE
        WHEN new.content = old.content AND new.distinct_id IS NOT DISTINCT FROM old.distinct_id
            THEN false
        WHEN new.processed IS DISTINCT FROM old.processed
            THEN coalesce(new.processed > old.processed, old.processed IS NULL)
        WHEN new.is_merged <> old.is_merged THEN new.is_merged
    END AS is_better
    FROM ({old}) AS old JOIN ({new}) AS new
        ON new.event = old.event AND new.time = old.time AND new.insert_id = old.insert_id
        AND new.ingested IS NOT DISTINCT FROM old.ingested
        AND new.known IS NOT DISTINCT FROM old.known AND new.number = old.number
"""
_DECIDE = """
    UPDATE temp.main.pairs SET is_better =
        (new.properties::VARCHAR, coalesce(new.distinct_id, ''))
        < (old.properties::VARCHAR, coalesce(old.distinct_id, ''))
    FROM {table} AS old, {new} AS new
    WHERE is_better IS NULL AND old.rowid = old_id AND new.rowid = new_id
"""


def drop_copies(cursor: Connection, table: str, during: str = "true") -> int:
    """Remove all but the best copy of each event from ``table``; return the number of removed
    rows."""
    removed = cursor.execute(
        f"""
        DELETE FROM {table} WHERE rowid IN ({
            _WORSE.format(
                copies=f'''
                    SELECT rowid AS id, * FROM {table} SEMI JOIN (
                        SELECT {_KEY} AS key FROM {table} WHERE {_HAS_ID} AND {during}
                        GROUP BY key HAVING count(*) > 1
                    ) AS repeated ON {_KEY} = repeated.key
                    WHERE {_HAS_ID} AND {during}
                '''
            )
        })
        """
    ).fetchone()
    return int(removed[0]) if removed else 0


def merge_new(cursor: Connection, table: str, new: str) -> None:
    """Delete from ``new`` and ``table`` all rows that are duplicates of a better one in the other.

    ``new`` has no duplicates in itself. Its remaining rows are then to be added to ``table``.
    """
    for during in _slices(cursor, new):
        if not cursor.execute(f"SELECT 1 FROM {table} WHERE {during} LIMIT 1").fetchone():
            continue  # most appends are of new days: nothing to compare with
        drop_copies(cursor, table, during)  # an older version left duplicates
        old_rows, new_rows = (
            _COMPARED.format(rows=_ROWS.format(table=each, during=during)) for each in (table, new)
        )
        cursor.execute(_PAIRS.format(old=old_rows, new=new_rows))
        cursor.execute(_DECIDE.format(table=table, new=new))
        cursor.execute(
            f"DELETE FROM {table} WHERE rowid IN (SELECT old_id FROM temp.main.pairs WHERE is_better)"
        )
        cursor.execute(
            f"DELETE FROM {new} WHERE rowid IN (SELECT new_id FROM temp.main.pairs WHERE NOT is_better)"
        )
    cursor.execute("DROP TABLE IF EXISTS temp.main.pairs")


def _slices(cursor: Connection, new: str) -> list[str]:
    """Return conditions on ``time`` that divide the rows of ``new`` into parts of about
    ``SLICE``."""
    parts = cursor.execute(f"SELECT count(*) FROM {new}").fetchall()[0][0] // SLICE + 1
    shares = [part / parts for part in range(parts + 1)]
    # As numbers, since Python has no dates before the year 1.
    found = cursor.execute(f"SELECT quantile_disc(epoch_us(time), {shares}) FROM {new}").fetchall()
    bounds = sorted(set(found[0][0] or ()))
    conditions = [
        f"time >= make_timestamp({start}) AND time < make_timestamp({end})"
        for start, end in pairwise([*bounds[:-1], bounds[-1] + 1] if len(bounds) > 1 else bounds)
    ]
    return conditions or [f"time = make_timestamp({only})" for only in bounds]
