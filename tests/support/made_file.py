"""A published file made by hand: the tables that the models' contracts promise, filled with what a test needs.

It takes a second where a build takes twenty, and holds what no sample would: names that are markup.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

MARTS = Path(__file__).parents[2] / "dbt" / "models" / "marts"
FIRST = date(2026, 6, 1)
SETTINGS = {
    "project_timezone": "Europe/Berlin",
    "week_start": "monday",
    "identity_rule": "simplified",
    "hidden_events": ["Hidden"],
    "retentions": [{"name": "by week", "unit": "week"}],
    "funnels": [],
}
MARKUP = "<script>document.title = 'owned'</script>"
LONG = "AVeryLongNameWithoutAnyBlank" * 9
ODD_NAMES = (
    MARKUP,
    "Purchase 🎉 العربية",
    "$ae_session",
    """it's "quoted" \\ {{ 7 * 7 }} ${x}""",
    "</script><img src=x onerror=document.title='owned'>",
    LONG,
    "tab\tand\nline\x01one\u202ereversed",
    "",
)


def contracts() -> dict[str, dict[str, str]]:
    """Columns and types of every published table, as its yml promises them."""
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for file in sorted(MARTS.rglob("*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    }


class MadeFile:
    """``mixpanel.duckdb`` in ``folder``: every table, no rows but those of ``_settings``."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / "mixpanel.duckdb"
        self._db: duckdb.DuckDBPyConnection | None = None
        with self.open():
            for table, columns in contracts().items():
                typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                self.run(f'create table "{table}" ({typed})')
            values = (SETTINGS | settings).items()
            self.add(
                "_settings", *({"name": key, "value": json.dumps(value)} for key, value in values)
            )

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keeps the file open over several changes; each would write it down by itself."""
        with duckdb.connect(self.path) as self._db:
            yield
        self._db = None

    def add(self, table: str, *rows: dict[str, Any]) -> None:
        """Appends rows with the same columns; those that they leave out are null."""
        names = ", ".join(f'"{name}"' for name in rows[0])
        marks = ", ".join("?" for _ in rows[0])
        for row in rows:
            self.run(f'insert into "{table}" ({names}) values ({marks})', *row.values())

    def fill(self, table: str, select: str, *parameters: Any) -> None:
        """Appends the rows of a query, by the names of its columns."""
        self.run(f'insert into "{table}" by name {select}', *parameters)

    def run(self, sql: str, *parameters: Any) -> None:
        """Any statement."""
        if self._db is None:
            with self.open():
                return self.run(sql, *parameters)
        self._db.execute(sql, list(parameters) or None)
        return None


def full(
    folder: Path, *, days: int = 100, names: Iterable[str] = ODD_NAMES, **settings: Any
) -> MadeFile:
    """One with something in every section; events, properties, reports and segments are called by ``names``."""
    names = list(names)
    retentions = [{"name": names[0], "unit": "week"}, {"name": "by day", "unit": "day"}]
    steps = [names[0], [names[1], names[2]], names[5]]
    funnels = [
        {"name": names[4], "steps": steps, "segment": "utm_source"},
        {"name": "not entered", "steps": ["A", "B"]},
    ]
    attributions = [{"name": names[2], "conversion_events": ["Buy"], "touch": "utm_source"}]
    revenue = [{"name": "revenue", "alias": "revenue", "type": "number"}]
    known = {
        "retentions": retentions,
        "funnels": funnels,
        "attributions": attributions,
        "event_properties": revenue,
    }
    made = MadeFile(folder, **(known | settings))
    with made.open():
        _sessions(made, days, names)
        _paths(made, days, names)
        _revenue(made, days, names)
        _users(made, days)
        _events(made, days, names)
        _quality(made, days, names)
        _retention(made, days, names[0], "week", 7)
        _retention(made, days, "by day", "day", 1)
        for segment in (None, *names[:6]):
            _attempts(made, days, names[4], segment)
    return made


def _days(days: int) -> str:
    return f"(select date '{FIRST}' + i::integer as day, i::bigint as i from range({days}) r(i))"


def _paths(made: MadeFile, days: int, names: list[str]) -> None:
    for n, name in enumerate(names):
        made.fill(
            "session_paths",
            f"""select day as session_date, $1 as step_1, $2 as step_2, $3 as step_3, $1 as step_4,
                case when i % 2 = 0 then $2 end as step_5, {n + 1} as sessions, 1 as users, false as is_partial
                from {_days(days)}
                union all select day, $1, $2, null, null, null, 2, 1, false from {_days(days)}""",
            name,
            names[(n + 1) % len(names)],
            names[(n + 2) % len(names)],
        )


def _users(made: MadeFile, days: int) -> None:
    made.fill(
        "daily_active_users",
        f"""select day as event_date, 100 + i % 7 * 9 as dau, 400 + i as wau, 900 + 2 * i as mau,
            dau / mau::double as stickiness, 12 as new_users, dau - 15 as returning_users, 3 as resurrected_users,
            5 as churned_users, dau * 9 as event_count, i = {days} - 1 as is_partial,
            is_partial or i < 6 as is_wau_partial, is_partial or i < 29 as is_mau_partial,
            is_partial or i < 30 as is_lifecycle_partial from {_days(days)}""",
    )
    made.fill(
        "days",
        f"""select day as event_date, i = {days} - 1 as is_partial, date '{FIRST}' as known_since,
            timestamp '{FIRST}' + interval {days * 24 - 4} hour as known_until from {_days(days)}""",
    )
    for unit in ("day", "week", "month"):
        made.fill(
            "lifecycle",
            f"""select '{unit}' as period, date_trunc('{unit}', day)::date as period_start, 300 as active_users,
                80 as new_users, 190 as retained_users, 30 as resurrected_users, 60 as dormant_users,
                bool_or(i = {days} - 1) as is_partial, bool_or(i < 30 or i = {days} - 1) as is_lifecycle_partial
                from {_days(days)} group by all""",
        )


def _events(made: MadeFile, days: int, names: list[str]) -> None:
    for n, name in enumerate(names):
        made.fill(
            "daily_events",
            f"select day as event_date, ? as event, {900 // (n + 1)} + i % 7 as event_count, false as is_partial from {_days(days)}",
            name,
        )
        made.fill(
            "user_days",
            f"select day as event_date, 'u' || (i % {40 // (n + 1) + 1}) as user_id, ? as event, 1 as event_count from {_days(days)}",
            name,
        )
    made.fill(
        "property_catalog",
        """select events.name as event, properties.name as property, 1000 as event_count,
                900 - 100 * (m % 9) as defined, defined / 1000 as fill_rate, 500 as strings,
                case when m % 2 = 1 then 40 else 0 end as numbers, numbers > 0 as is_mixed_type, 70 as distinct_estimate,
                case when m <> 3 then ['"<b>bold</b>"', '"' || repeat('x', 98), '3.5'] end as examples
            from (select unnest($1) as name) as events,
                (select unnest($1) as name, unnest(range(len($1))) as m) as properties""",
        names,
    )


def _quality(made: MadeFile, days: int, names: list[str]) -> None:
    made.fill(
        "dq_days",
        f"""select day, i not in (40, 41, 60) as is_fetched, is_fetched and i < {days} - 1 as is_complete, case when is_fetched then 5000 + i * 10 end as row_count,
            0 as rejected_count, 3 as late_count, day + 1 + interval 3 hour as fetched_at from {_days(days)}""",
    )
    made.fill(
        "_metadata",
        f"""select 'events' as table_name, 'events' as fetch_type, '12345' as project_id, 'eu' as region,
            day as window_start, day as window_end, day::timestamp as range_start, (day + 1)::timestamp as range_end,
            day + 1 + interval 3 hour as fetched_at from {_days(days)}""",
    )
    made.fill(
        "dq_late_arrivals",
        f"""select day as event_date, 5000 as events, 0 as without_processing_time, i % 11 * 4 as later_than_1_day,
            i % 11 as later_than_5_days, 700000.0 as max_lateness_seconds from {_days(days)}""",
    )
    made.fill(
        "dq_duplicates",
        f"select day as event_date, 5000 as exported_rows, 4950 as events, 50 as duplicates from {_days(days)}",
    )
    last = FIRST + timedelta(days=days - 1)
    made.add(
        "dq_volume",
        *(
            {
                "event": name,
                "event_date": last - timedelta(days=n),
                "event_count": 500 * n,
                "usual_count": 700.5,
                "score": -9.0 + 3 * n,
                "is_anomaly": True,
            }
            for n, name in enumerate(names)
        ),
    )
    made.add(
        "dq_casts",
        {
            "table_name": "profiles",
            "column_name": "visits",
            "event": None,
            "failed": 2,
            "first_date": FIRST,
            "last_date": last,
        },
        {
            "table_name": "events",
            "column_name": "price",
            "event": names[0],
            "failed": 3,
            "first_date": FIRST,
            "last_date": last,
        },
    )


def _sessions(made: MadeFile, days: int, names: list[str]) -> None:
    made.fill(
        "sessions",
        f"""select uuid() as session_id, 'u' || i % 40 as user_id, day as session_date,
                day + interval 9 hour as started_at, 60.0 * n as duration_seconds, 1 + n as event_count,
                n = 0 as is_bounce, names[n + 1] as os, names[n] as utm_source, names[n] as country_code
            from {_days(days)}, (select unnest(range(len($1))) as n, $1 as names)""",
        names,
    )
    made.fill(
        "attribution_touches",
        f"""select $1[3] as attribution, uuid() as conversion_key, day as conversion_date, $1[1 + i % len($1)] as touch,
                1 as first_touch, 1 as last_touch, 1 as linear, i < 30 as is_lookback_partial from {_days(days)}""",
        names,
    )


def _revenue(made: MadeFile, days: int, names: list[str]) -> None:
    """Two payments a day, of 10 and of 2.5 units, and what is no payment: 0 and null."""
    made.run("alter table events add column revenue double")
    for name, amount in ((names[0], 10), (names[1], 2.5), (names[1], 0), (names[2], None)):
        made.fill(
            "events",
            f"select ? as event, day as event_date, 'u' || i % 40 as user_id, ? as revenue from {_days(days)}",
            name,
            amount,
        )


def _retention(made: MadeFile, days: int, name: str, unit: str, step: int) -> None:
    made.fill(
        "retention_cohorts",
        f"""select ? as retention, 'birth' as kind, '{unit}' as unit, 'rolling' as mode,
                date '{FIRST}' + (c * {step})::integer as cohort_start, n as interval_number, 200 + c as cohort_size,
                cohort_size // (n + 2) as retained_on, cohort_size * 9 // (n + 10) as retained_on_or_after,
                retained_on / cohort_size::double as rate_on,
                retained_on_or_after / cohort_size::double as rate_on_or_after, (c + n + 1) * {step} < {days} as is_complete
            from range({days} // {step}) a(c), range(13) b(n) where (c + n) * {step} < {days}""",
        name,
    )
    made.fill(
        "retention_averages",
        """select ? as retention, n as interval_number, 9 as cohorts, 1800 as users,
                9 / (n + 10) as rate_on_or_after_weighted, 1 / (n + 2) as rate_on_weighted from range(13) b(n)""",
        name,
    )


def _attempts(made: MadeFile, days: int, name: str, segment: str | None) -> None:
    made.fill(
        "funnel_attempts",
        f"""select ? as funnel, ? as segment, 'u' || i as user_id, day as entry_date, day + interval 9 hour as entered_at,
                1 + (i % 4 > 0)::bigint + (i % 4 > 2)::bigint as steps_reached,
                [entered_at, entered_at + interval 90 second, entered_at + interval 2 hour][:steps_reached] as step_times,
                steps_reached = 3 as is_converted, entered_at + interval 7 day as open_until from {_days(days)}""",
        name,
        segment,
    )
