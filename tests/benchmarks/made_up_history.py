"""A raw database with days of a shop whose visitors come back, as the loader leaves it; made by DuckDB in seconds."""

from datetime import date, timedelta
from pathlib import Path

import duckdb

FIRST = date(2024, 1, 1)
EVENTS_A_DAY = 10_000

_TABLES = """
CREATE SCHEMA mixpanel;
CREATE TABLE mixpanel.events (event VARCHAR, time TIMESTAMP, distinct_id VARCHAR, insert_id VARCHAR, properties JSON USING COMPRESSION zstd);
CREATE TABLE mixpanel.profiles (distinct_id VARCHAR, properties JSON, digest VARCHAR, valid_from TIMESTAMP);
CREATE TABLE mixpanel.group_profiles (group_key VARCHAR, distinct_id VARCHAR, properties JSON, digest VARCHAR, valid_from TIMESTAMP);
CREATE TABLE mixpanel._profiles_history (distinct_id VARCHAR, properties JSON, valid_from TIMESTAMP, valid_to TIMESTAMP,
    is_deleted BOOLEAN, load_id VARCHAR);
CREATE TABLE mixpanel._group_profiles_history (group_key VARCHAR, distinct_id VARCHAR, properties JSON, valid_from TIMESTAMP,
    valid_to TIMESTAMP, is_deleted BOOLEAN, load_id VARCHAR);
CREATE TABLE mixpanel._metadata (
    table_name VARCHAR, fetch_type VARCHAR, project_id VARCHAR, region VARCHAR, window_start DATE, window_end DATE,
    range_start TIMESTAMP, range_end TIMESTAMP, filter_hash VARCHAR, row_count BIGINT, previous_row_count BIGINT,
    rejected_count BIGINT, late_count BIGINT, bytes BIGINT, max_processed_at TIMESTAMP, requests BIGINT,
    fetched_at TIMESTAMP, duration_seconds DOUBLE, load_id VARCHAR, snapshot_complete BOOLEAN, wanted_from DATE,
    _dlt_load_id VARCHAR, _dlt_id VARCHAR
);
CREATE TABLE mixpanel._rejected (table_name VARCHAR, window_start DATE, window_end DATE, line_number BIGINT, raw VARCHAR,
    reason VARCHAR, load_id VARCHAR, rejected_at TIMESTAMP);
CREATE TABLE mixpanel._dlt_loads (load_id VARCHAR, schema_name VARCHAR, status BIGINT, inserted_at TIMESTAMPTZ,
    schema_version_hash VARCHAR);
CREATE MACRO pick(items, a, b, salt) AS items[1 + (hash(a, b, salt) % len(items))::BIGINT];
"""

# Ten events a visit on average, by visitors of whom some come often and most seldom; the known ones say who they are
# after the third event of a visit, and one event in fifty is exported twice.
_EVENTS = """
INSERT INTO mixpanel.events
WITH visits AS (
    SELECT
        day::DATE AS day,
        visit,
        (pow(hash(day, visit, 1) % 100000 / 100000.0, 2) * {visitors})::BIGINT AS visitor,
        hash(day, visit, 2) % 80000 AS second,
        1 + hash(day, visit, 3) % 19 AS steps
    FROM generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY) AS days(day), range({visits}) AS numbered(visit)
),
steps AS (
    SELECT *, unnest(range(steps::BIGINT)) AS step FROM visits
),
copies AS (
    SELECT *, unnest(range(CASE WHEN hash(day, visit, step, 4) % 50 = 0 THEN 2 ELSE 1 END)) AS copy FROM steps
)
SELECT
    pick(['Page View', 'Page View', 'Page View', 'Product Viewed', 'Product Viewed', 'Search', 'Cart Viewed', 'Checkout', 'Purchase', 'Signup'], day, visit, step) AS event,
    day::TIMESTAMP + to_seconds(second + step * (20 + hash(day, visit, step, 5) % 200)) AS time,
    CASE WHEN visitor % 3 = 0 AND step > 2 THEN 'user-' || visitor ELSE '$device:d-' || visitor || '-' || visit % 2 END AS distinct_id,
    md5(day || '/' || visit || '/' || step || '{salt}') AS insert_id,
    json_merge_patch({{
        "$browser": pick(['Chrome', 'Safari', 'Firefox'], visitor, 0, 3),
        "$browser_version": 100 + hash(visitor, 4) % 30,
        "$city": pick(['Stockholm', 'São Paulo', 'Austin', 'Malmö', '東京'], visitor, 0, 5),
        "$current_url": 'https://shop.example/p/' || (hash(day, visit, step) % 5000) || '?ref=' || (hash(visit, 6) % 1000),
        "$device_id": 'd-' || visitor || '-' || visit % 2,
        "$insert_id": md5(day || '/' || visit || '/' || step),
        "$os": pick(['Mac OS X', 'Windows', 'iOS', 'Android'], visitor, 0, 7),
        "$screen_height": 1080,
        mp_country_code: pick(['SE', 'BR', 'US', 'JP'], visitor, 0, 8),
        mp_lib: 'web',
        mp_processing_time_ms: epoch_ms(day::TIMESTAMP) + 86400000 + copy * 1000 + hash(day, visit, step, 9) % 90000,
        price: (hash(day, visit, step, 10) % 100000) / 100,
        cart: [{{sku: hash(day, visit, 11) % 9999, n: 1 + hash(visit, 12) % 4}}, {{sku: hash(visit, 13) % 9999, n: 1}}],
        plan: CASE WHEN visitor % 9 = 0 THEN 'pro' END,
        company: CASE WHEN visitor % 2 = 0 THEN 'c' || visitor % 500 END
    }}::JSON, json_object(CASE WHEN step = 0 THEN 'utm_source' ELSE 'step' END, pick(['google', 'newsletter', 'direct'], day, visit, 15),
        CASE WHEN visitor % 3 = 0 AND step > 2 THEN '$user_id' ELSE 'visit' END, CASE WHEN visitor % 3 = 0 AND step > 2 THEN 'user-' || visitor ELSE visit::VARCHAR END)) AS properties
FROM copies
WHERE day::TIMESTAMP + to_seconds(second + step * (20 + hash(day, visit, step, 5) % 200)) < day + INTERVAL 1 DAY
"""


# One event in a hundred is accompanied by the exposure to one of two experiments.
_EXPOSURES = """
INSERT INTO mixpanel.events
SELECT
    '$experiment_started', time, distinct_id, 'exposure ' || insert_id,
    json_object(
        'Experiment name', pick(['colour', 'price'], time, insert_id, 16),
        'Variant name', pick(['control', 'blue'], json_extract_string(properties, '$."$device_id"'), 0, 17),
        '$device_id', properties->>'$."$device_id"', 'mp_processing_time_ms', properties->'mp_processing_time_ms'
    )
FROM mixpanel.events
WHERE time >= DATE '{first}' AND time < DATE '{last}' + 1 AND hash(insert_id, 18) % 100 = 0
"""


def make_history(
    path: Path, days: int, *, a_day: int = EVENTS_A_DAY, visitors: int = 40_000
) -> None:
    """``days`` days of about ``a_day`` events in one load package, written to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as db:
        db.execute("SET preserve_insertion_order = false")
        db.execute(_TABLES)
        for start in range(0, days, 50):
            first, last = FIRST + timedelta(start), FIRST + timedelta(min(start + 50, days) - 1)
            _events(db, first, last, a_day, visitors)
        _book(db, "first", FIRST, FIRST + timedelta(days - 1))
        db.execute(
            "INSERT INTO mixpanel.profiles SELECT 'user-' || i, json_object('$name', 'User ' || i, '$last_seen', "
            "'2024-02-01T10:00:00', 'plan', CASE WHEN i % 9 = 0 THEN 'pro' END), md5(i::VARCHAR), TIMESTAMP '2024-01-01' "
            "FROM range(0, ?, 3) AS numbers(i)",
            [visitors],
        )


def change_a_day(
    path: Path, day: date, number: int, *, a_day: int = EVENTS_A_DAY, visitors: int = 40_000
) -> None:
    """The load of a look-back: one day reread, with some of its events gone and a few more there."""
    with duckdb.connect(path) as db:
        db.execute(
            "DELETE FROM mixpanel.events WHERE time >= ? AND time < ?", [day, day + timedelta(1)]
        )
        _events(db, day, day, a_day + 10 * number, visitors)
        _book(db, f"reread-{number}", day, day)


def _events(
    db: duckdb.DuckDBPyConnection, first: date, last: date, a_day: int, visitors: int
) -> None:
    db.execute(
        _EVENTS.format(first=first, last=last, visits=a_day // 10, visitors=visitors, salt="")
    )
    db.execute(_EXPOSURES.format(first=first, last=last))


def _book(db: duckdb.DuckDBPyConnection, load_id: str, first: date, last: date) -> None:
    db.execute(
        """
        INSERT INTO mixpanel._metadata BY NAME
        SELECT 'events' AS table_name, 'events' AS fetch_type, '1' AS project_id, 'us' AS region, day::DATE AS window_start,
            day::DATE AS window_end, day::TIMESTAMP AS range_start, day::TIMESTAMP + INTERVAL 1 DAY AS range_end,
            '' AS filter_hash, coalesce(row_count, 0) AS row_count, now()::TIMESTAMP AS fetched_at, $load AS load_id,
            $first::DATE AS wanted_from
        FROM generate_series($first::DATE, $last::DATE, INTERVAL 1 DAY) AS days(day)
        LEFT JOIN (
            SELECT time::DATE AS day, count(*) AS row_count FROM mixpanel.events
            WHERE time >= $first::DATE AND time < $last::DATE + 1 GROUP BY ALL
        ) AS counted USING (day)
        """,
        {"load": load_id, "first": first, "last": last},
    )
    db.execute("INSERT INTO mixpanel._dlt_loads VALUES (?, 'mixpanel', 0, now(), '')", [load_id])
