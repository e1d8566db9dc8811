"""Checks whether the times of events look like those of the other time basis.

``mp_processing_time_ms`` is UTC in every project [docs/mixpanel-facts.md, 11.1], and a live event
is processed within seconds. So the usual difference is 0, or the offset of a time zone.
"""

from pathlib import Path

from mixpanel_data._internal.database.errors import translate_published_errors
from mixpanel_data._internal.database.read_only import open_read_only
from mixpanel_data._internal.sql.events import processed_at

SAMPLE = 20_000
"""The number of newest events that are examined."""

ENOUGH = 100
"""The fewest events that allow a decision."""

QUARTER_HOUR_SECONDS = 900
FURTHEST_HOURS = 14.0
"""The greatest offset of a time zone."""

_DISTANCES = f"""
    WITH live AS (
        SELECT time, processed_at
        FROM (
            SELECT time, {processed_at("properties")} AS processed_at,
                json_extract_string(properties, '$."$import"') AS is_import
            FROM (SELECT time, properties FROM events ORDER BY time DESC LIMIT {SAMPLE})
        )
        WHERE is_import IS NULL OR is_import <> 'true'
    ),
    -- Every offset of a time zone is a multiple of a quarter of an hour.
    steps AS (
        SELECT
            round((epoch_ms(time) - epoch_ms(processed_at)) / {1000 * QUARTER_HOUR_SECONDS}) AS step
        FROM live WHERE processed_at IS NOT NULL
    )
    SELECT step, count(*) AS events, sum(count(*)) OVER () AS total
    FROM steps GROUP BY step ORDER BY events DESC LIMIT 1
"""


def looks_shifted(published: Path) -> float | None:
    """Return the hours by which most of the newest events are ahead of their processing time.

    Return None if they are not, or if there are too few to decide: imported events don't count.

    Args:
        published: The published file.

    Raises:
        DatabaseLockedError: if a program has the file open for writing.
        DatabaseDamagedError: if it can't be read.
    """
    with translate_published_errors(published), open_read_only(published) as connection:
        row = connection.execute(_DISTANCES).fetchone()
    if row is None or row[2] < ENOUGH:
        return None
    hours = float(row[0]) * QUARTER_HOUR_SECONDS / 3600
    # More than half, because late events of mobile devices have any distance.
    usual = row[1] > row[2] / 2
    return hours if usual and 0 < abs(hours) <= FURTHEST_HOURS else None
