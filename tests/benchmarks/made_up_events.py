"""Day files as Mixpanel would send them: about 600 bytes an event, made by DuckDB in seconds."""

from datetime import date, timedelta
from pathlib import Path

import duckdb

from mixpanel_data.sandbox.compression import pack

FIRST = date(2026, 1, 1)
EVENTS_A_DAY = 101_000
LEVEL = 3

_PICK = "CREATE MACRO pick(items, i, salt) AS items[1 + (hash(i, salt) % len(items))::BIGINT]"

_DAY = """
COPY (
    SELECT
        pick(['Page Viewed', 'Product Viewed', 'Cart Viewed', 'Checkout', 'Purchase', 'Search', 'Signed Up'], i, 1) AS event,
        {{
            time: epoch_ms(DATE '{day}'::TIMESTAMP) + (i * 86400000 // {count}),
            distinct_id: 'user-' || (hash(i, 2) % 50000),
            "$insert_id": md5(i || '{day}'),
            "$browser": pick(['Chrome', 'Safari', 'Firefox'], i, 3),
            "$browser_version": 100 + hash(i, 4) % 30,
            "$city": pick(['Stockholm', 'São Paulo', 'Austin', 'Malmö', '東京'], i, 5),
            "$current_url": 'https://shop.example/p/' || md5((i // 3)::VARCHAR) || '?ref=' || (hash(i, 6) % 1000),
            "$device_id": uuid(),
            "$os": pick(['Mac OS X', 'Windows', 'iOS', 'Android'], i, 7),
            "$screen_height": 1080,
            mp_country_code: pick(['SE', 'BR', 'US', 'JP'], i, 8),
            mp_lib: 'web',
            mp_processing_time_ms: epoch_ms(DATE '{day}'::TIMESTAMP) + (i * 86400000 // {count}) + hash(i, 9) % 90000,
            price: (hash(i, 10) % 100000) / 100,
            cart: [{{sku: hash(i, 11) % 9999, n: 1 + hash(i, 12) % 4}}, {{sku: hash(i, 13) % 9999, n: 1}}],
            plan: CASE WHEN hash(i, 14) % 3 = 0 THEN 'pro' END,
            utm_source: pick(['google', 'newsletter', NULL], i, 15)
        }} AS properties
    FROM range({count}) AS numbers(i)
) TO '{path}' (FORMAT json)
"""


def make_days(
    folder: Path, days: int, *, first: date = FIRST, count: int = EVENTS_A_DAY
) -> dict[date, Path]:
    """Day to file; files that are there already are taken as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    with duckdb.connect() as connection:
        connection.execute(_PICK)
        for number in range(days):
            day = first + timedelta(days=number)
            path = folder / f"{day}-{count}.ndjson.gz"
            if not path.exists():
                part = path.with_suffix(".part")
                connection.execute(_DAY.format(day=day, count=count, path=part))
                # In the form that the sandbox joins without a second compression: serving it is cheap.
                packed = pack(part.read_bytes(), LEVEL)
                part.write_bytes(packed)
                part.rename(path)
            files[day] = path
    return files
