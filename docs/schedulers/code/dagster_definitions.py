"""Mixpanel → DuckDB as an asset of Dagster, each day: ``dagster dev -f dagster_definitions.py``."""

import dagster as dg

from mixpanel_data.sync import sync


def sync_mixpanel() -> dict[str, int]:
    """Sync the project in MP_PROJECT_DIR, and fail if anything did not arrive."""
    report = sync(lock_wait_seconds=600)
    report.raise_failures()
    return {
        "days": len(report.days),
        "events": report.events,
        "requests": report.requests,
    }


@dg.asset(
    kinds={"duckdb", "dbt"},
    # After an hour there are new requests; what arrived before is not refetched.
    retry_policy=dg.RetryPolicy(max_retries=3, delay=3600),
    # One run at a time: another would wait for the lock of the data folder.
    pool="mixpanel",
)
def mixpanel() -> dg.MaterializeResult:
    """The published tables of a Mixpanel project."""
    return dg.MaterializeResult(metadata=sync_mixpanel())


daily = dg.ScheduleDefinition(
    name="mixpanel_daily",
    target=dg.AssetSelection.assets(mixpanel),
    cron_schedule="17 6 * * *",
    execution_timezone="UTC",
)

defs = dg.Definitions(assets=[mixpanel], schedules=[daily])
