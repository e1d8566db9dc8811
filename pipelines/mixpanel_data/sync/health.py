"""Whether the next run can work: plan, versions, disk, lock, leftover files, clock, schedule, alerts."""

import os
from datetime import timedelta

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.clock import clock_warning
from mixpanel_data._internal.config import ConfigManager
from mixpanel_data._internal.data_folder.lock import find_holder
from mixpanel_data._internal.health.alerts import check_alert_settings
from mixpanel_data._internal.health.classified import (
    DEFINITIONS,
    WHAT,
    describe_classified,
    read_classified,
    seen_properties,
)
from mixpanel_data._internal.health.findings import Finding
from mixpanel_data._internal.health.folder import check_data_folder
from mixpanel_data._internal.health.schedule import check_schedule
from mixpanel_data._internal.health.versions import check_versions
from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data._internal.run.connection import create_limiter
from mixpanel_data._internal.services.query_api.client import QueryAPI
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import MixpanelDataError, QueryError, StorageError
from mixpanel_data.sync.engine import check_engine

NAMES = "/api/query/events/names"
"""The cheapest request of the query API."""


def check_health(
    settings: Settings,
    *,
    clock_ahead: timedelta = timedelta(0),
    timezone: str | None = None,
    fix: bool = False,
) -> list[Finding]:
    """Return what was found. Nothing is asked of Mixpanel.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        clock_ahead: How far this machine's clock is ahead of Mixpanel's, if known.
        timezone: The project's time zone, if Mixpanel named it.
        fix: Remove what killed runs left, unless a process has the data folder's lock, and make
            private files private.

    Raises:
        StorageError: with ``fix``, if a file can't be removed or changed.
    """
    folder, project = settings.folder, settings.project
    private = [ConfigManager().config_path]
    if project.root:
        private.append(project.root / ".dlt" / "secrets.toml")
    folders = [project.root, project.root / "flows"] if project.root else []
    return [
        *check_versions(),
        *check_data_folder(folder, private, fix=fix),
        *_ledger(settings, clock_ahead),
        *_zone(settings, timezone),
        *check_engine(settings),
        *check_schedule(os.environ, folders),
        *check_alert_settings(settings),
    ]


def check_plan(settings: Settings, credentials: Credentials) -> Finding:
    """Return whether the project's plan includes the query API, which reports and ``mp reconcile``
    need; ``mp sync`` does not.

    This takes one request of the query API, which counts in its budget. None is sent if the data
    folder, which has that budget, does not exist, or if nothing is left of it. No error is raised:
    Mixpanel's is a finding.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        credentials: The account.
    """
    limiter = create_limiter(settings, credentials, on_wait=lambda *_: None)
    if not settings.folder.root.is_dir():
        return Finding("plan", "not asked: there is no data folder yet")
    try:
        if limiter.remaining("query") < 1:
            return Finding("plan", "not asked: nothing is left of the query API's budget")
        with MixpanelAPIClient(
            credentials,
            base_url=settings.api_base_url,
            allow_http=settings.allow_http,
            bounds=settings.bounds,
            gate=limiter,
            max_attempts=1,
            max_rate_limit_wait=0,
        ) as client:
            names = QueryAPI(client).get("events/names", type="general", limit=1)
            with names:
                return Finding("plan", "includes the query API", source=NAMES)
    except QueryError as error:
        if error.plan_limit == "call":
            value = "has no query API: `mp sync` works, `mp reconcile` and reports do not"
            return Finding("plan", value, source=NAMES)
        return Finding("plan", f"{error.code}: {error}", "warning", NAMES)
    except MixpanelDataError as error:
        return Finding("plan", f"{error.code}: {error}", "warning", NAMES)


def check_classified(settings: Settings, credentials: Credentials) -> Finding:
    """Return which properties of events are classified, and which of them no published event has.

    This takes one request of the app API, which counts in no budget. Its route is not documented,
    so an answer that can't be read is no warning, and no error is raised.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        credentials: The account.
    """
    try:
        with (
            MixpanelAPIClient(
                credentials,
                base_url=settings.api_base_url,
                allow_http=settings.allow_http,
                bounds=settings.bounds,
                max_attempts=1,
                max_rate_limit_wait=0,
            ) as client,
            client.app(DEFINITIONS, {"resourceType": "Event"}) as answer,
        ):
            names = read_classified(answer)
    except MixpanelDataError as error:
        return Finding(WHAT, f"not known. {error.code}: {error}", source=DEFINITIONS)
    except ValueError as error:
        return Finding(WHAT, f"not known: {error}", source=DEFINITIONS)
    return describe_classified(names, seen_properties(settings.folder.published))


def _ledger(settings: Settings, clock_ahead: timedelta) -> list[Finding]:
    newest = None
    found = []
    try:
        if find_holder(settings.folder) is None:
            newest = read_ledger(settings.folder.raw).newest_fetch
    except StorageError as error:
        found.append(Finding("ledger", str(error), "error", str(settings.folder.raw)))
    warning = clock_warning(clock_ahead, newest)
    clock = Finding("clock", warning or "right", "error" if warning else "ok", "Date header")
    return [*found, clock]


def _zone(settings: Settings, timezone: str | None) -> list[Finding]:
    if settings.time_basis != "project" or not timezone or timezone == settings.zone.key:
        return []
    value = (
        f"MP_PROJECT_TIMEZONE is {settings.zone.key}, and Mixpanel says {timezone}. Days are cut "
        "where the setting says."
    )
    return [Finding("time basis", value, "warning", settings.origin("project_timezone"))]
