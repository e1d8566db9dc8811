"""Mixpanel → DuckDB, each day. Put this file into Airflow's folder of DAGs."""

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

# The Python of an environment that has mixpanel-data. Airflow's own environment needs nothing of it.
PYTHON = os.environ.get("MIXPANEL_PYTHON", "/srv/my-mixpanel/.venv/bin/python")


@task.external_python(
    python=PYTHON,
    expect_airflow=False,
    # After an hour there are new requests; what arrived before is not refetched.
    retries=3,
    retry_delay=timedelta(hours=1),
    execution_timeout=timedelta(hours=6),
)
def sync_mixpanel(project_dir: str) -> dict[str, int]:
    """Sync the project in ``project_dir``, and fail if anything did not arrive."""
    import os

    os.environ["MP_PROJECT_DIR"] = project_dir
    from mixpanel_data.sync import sync

    report = sync(lock_wait_seconds=600)
    report.raise_failures()
    return {
        "days": len(report.days),
        "events": report.events,
        "requests": report.requests,
    }


@dag(
    schedule="17 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # Each run fetches all that is missing, so runs of the past have nothing to do.
    catchup=False,
    max_active_runs=1,
    tags=["mixpanel"],
)
def mixpanel() -> None:
    """Fetch what is missing and the look-back days, build and publish."""
    sync_mixpanel(os.environ.get("MP_PROJECT_DIR", "/srv/my-mixpanel"))


mixpanel()
