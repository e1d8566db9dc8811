"""Compare with Mixpanel's own counts, as a Prefect flow: ``mp reconcile``.

With a server: flows/prefect.yaml. Without one, from the project's folder:
``python flows/reconcile.py``.
"""

import os
from datetime import date
from pathlib import Path

if __name__ == "__main__":  # Prefect reads these once, while it is imported
    os.environ.setdefault("PREFECT_HOME", str(Path(__file__).resolve().parents[1] / ".prefect"))
    os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from mixpanel_data.auth import find_credentials
from mixpanel_data.cli.output.progress import LineProgress
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import Reconciler, Reconciliation

LOCK_WAIT_SECONDS = 600.0
ARTIFACT = "mixpanel-reconcile"


@flow(name="reconcile", flow_run_name="reconcile", log_prints=True)
def reconcile(
    first: date | None = None,
    last: date | None = None,
    reload: bool = False,
    account: str | None = None,
) -> None:
    """Find days whose events differ from Mixpanel's reports; they are rows of an artifact.

    It finds events that arrived after the look-back, and deleted ones, with a few requests of the
    query API.

    Args:
        first: First day to compare. Empty: the first loaded one.
        last: Last day. Empty: the last before the look-back.
        reload: Refetch the days that differ, build and publish.
        account: Name of an account of `mp auth`. Empty: the one in force.
    """
    settings = load_settings()
    # Not a task's parameter: Prefect inspects those, and it has the secret.
    reconciler = Reconciler(
        settings, find_credentials(settings, account).credentials, progress=LineProgress()
    )

    @task(cache_policy=NO_CACHE, persist_result=False)
    def compare() -> Reconciliation:
        return reconciler.compare(first, last)

    @task(name="reload", cache_policy=NO_CACHE, persist_result=False)
    def refetch() -> None:
        reconciler.reload(found, lock_wait=LOCK_WAIT_SECONDS).raise_failures()

    found = compare()
    try:
        if reload and found.to_reload:
            refetch()
            found = reconciler.recount(found)
    finally:
        _report(found)


def _report(found: Reconciliation) -> None:
    differences = found.comparison.differences
    create_table_artifact(
        key=ARTIFACT,
        table=[
            {
                "day": str(each.day),
                "mixpanel": each.mixpanel,
                "here": each.here,
                "events": visible(", ".join(each.events)),
            }
            for each in differences
        ],
        description=f"{len(found.days)} days were compared; {len(differences)} differ.",
    )
    print(f"{len(found.days)} days were compared; {len(differences)} differ.")


if __name__ == "__main__":
    reconcile()
