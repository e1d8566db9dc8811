"""Compare with Mixpanel's own counts, as a Prefect flow: ``mp reconcile``.

With a server: flows/prefect.yaml. Without one, from the project's folder:
``python flows/reconcile.py``.
"""

import os
from datetime import date
from pathlib import Path
from typing import Annotated

if __name__ == "__main__":  # Prefect reads these once, while it is imported
    os.environ.setdefault("PREFECT_HOME", str(Path(__file__).resolve().parents[1] / ".prefect"))
    os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mixpanel_data.auth import find_credentials
from mixpanel_data.cli.output.progress import LineProgress
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import VERDICTS, Reconciler, Reconciliation, Repair

LOCK_WAIT_SECONDS = 600.0
ARTIFACT = "mixpanel-reconcile"
MOST_ROWS = 500
"""Differences that the artifact lists; the table `_reconciliations` has all."""


@flow(name="reconcile", flow_run_name="reconcile", log_prints=True)
def reconcile(
    first: date | None = None,
    last: date | None = None,
    repair: bool = False,
    max_requests: Annotated[int, Field(ge=1, le=60)] = 30,
    account: str | None = None,
) -> None:
    """Find days whose events differ from Mixpanel's reports, and say why, in an artifact.

    It takes a few requests of the query API. Each comparison is kept in the table
    `_reconciliations`.

    Args:
        first: First day to compare. Empty: the first loaded one.
        last: Last day. Empty: the last before the look-back.
        repair: Refetch the days that a refetch can correct, build and publish.
        max_requests: Export requests of a repair, at most those that the hour has left.
        account: Name of an account of `mp auth`. Empty: the one in force.
    """
    settings = load_settings()
    # Not a task's parameter: Prefect inspects those, and it has the secret.
    reconciler = Reconciler(
        settings, find_credentials(settings, account).credentials, progress=LineProgress()
    )

    @task(cache_policy=NO_CACHE, persist_result=False)
    def compare() -> Reconciliation:
        found = reconciler.compare(first, last)
        reconciler.record(found, publication=not (repair and found.to_reload))
        return found

    @task(name="repair", cache_policy=NO_CACHE, persist_result=False)
    def refetch() -> Repair:
        done = reconciler.repair(found, lock_wait=LOCK_WAIT_SECONDS, max_requests=max_requests)
        done.report.raise_failures()
        return done

    found = compare()
    done = None
    try:
        if repair and found.to_reload:
            done = refetch()
            found = reconciler.recount(found)
            reconciler.record(found)
    finally:
        _report(found, done)


def _report(found: Reconciliation, done: Repair | None) -> None:
    differ = len({each.day for each in found.verdicts if each.day})
    lines = [f"{len(found.days)} days were compared; {differ} differ."]
    lines += [
        f"{verdict} ({number}): {VERDICTS[verdict]}." for verdict, number in found.numbers.items()
    ]
    if done:
        lines.append(f"{len(done.report.days)} days were refetched; {len(done.left)} are left.")
    create_table_artifact(
        key=ARTIFACT,
        table=[
            {
                "day": str(each.day or "all"),
                "event": visible(each.event),
                "mixpanel": each.mixpanel,
                "here": each.here,
                "verdict": each.verdict,
            }
            for each in found.verdicts[-MOST_ROWS:]
        ],
        description="\n\n".join(lines),
    )
    print("\n".join(lines))


if __name__ == "__main__":
    reconcile()
