"""The job as a library: extract, load, build, publish, in one call.

    >>> from mixpanel_data.sync import sync
    >>> report = sync(first="2026-01-01", data_dir="data")  # doctest: +SKIP
    >>> report.raise_failures()  # doctest: +SKIP

:func:`sync` does what ``mp sync`` does, :func:`plan` what ``mp plan`` does. :class:`Sync` is the
same job step by step, for a scheduler that shows each step. Each name is imported on first use, so
that ``import mixpanel_data.sync`` is fast.
"""

from typing import TYPE_CHECKING

from mixpanel_data._lazy import lazy_names

if TYPE_CHECKING:
    from mixpanel_data._internal.alerts.configuration import AlertSettings, load_alert_settings
    from mixpanel_data._internal.alerts.sending import Delivery
    from mixpanel_data._internal.api.engage_pages import EngagePage
    from mixpanel_data._internal.data_folder.damage import damage_error
    from mixpanel_data._internal.data_folder.lock import exclusive
    from mixpanel_data._internal.health.findings import Finding
    from mixpanel_data._internal.landing.files import Landed
    from mixpanel_data._internal.planning.events import Range
    from mixpanel_data._internal.planning.preview import PlannedRequest, Preview
    from mixpanel_data._internal.publication.publish import Published
    from mixpanel_data._internal.run.progress import QUIET, Progress
    from mixpanel_data._internal.run.report import ProfileOutcome, SyncReport
    from mixpanel_data._internal.streams.event_filter import EventFilter
    from mixpanel_data._internal.streams.windows import Window
    from mixpanel_data.sync.alerts import alerting, check_alerts, send_test
    from mixpanel_data.sync.backup import Backup, BackupFile, Restored, back_up, restore
    from mixpanel_data.sync.health import check_classified, check_health, check_plan
    from mixpanel_data.sync.job import Only, Sync
    from mixpanel_data.sync.reconcile import Reconciler, Reconciliation, Repair
    from mixpanel_data.sync.run import plan, sync
    from mixpanel_data.sync.status import Status, day_rows, read_status
    from mixpanel_data.sync.time_basis import looks_shifted
    from mixpanel_data.sync.verdicts import VERDICTS
    from mixpanel_data.sync.verify import FolderCheck, check_folder

_HOMES = {
    "_internal.alerts.configuration": ("AlertSettings", "load_alert_settings"),
    "_internal.alerts.sending": ("Delivery",),
    "_internal.api.engage_pages": ("EngagePage",),
    "_internal.data_folder.damage": ("damage_error",),
    "_internal.data_folder.lock": ("exclusive",),
    "_internal.health.findings": ("Finding",),
    "_internal.landing.files": ("Landed",),
    "_internal.planning.events": ("Range",),
    "_internal.planning.preview": ("PlannedRequest", "Preview"),
    "_internal.publication.publish": ("Published",),
    "_internal.run.progress": ("QUIET", "Progress"),
    "_internal.run.report": ("ProfileOutcome", "SyncReport"),
    "_internal.streams.event_filter": ("EventFilter",),
    "_internal.streams.windows": ("Window",),
    "sync.alerts": ("alerting", "check_alerts", "send_test"),
    "sync.backup": ("Backup", "BackupFile", "Restored", "back_up", "restore"),
    "sync.health": ("check_classified", "check_health", "check_plan"),
    "sync.job": ("Only", "Sync"),
    "sync.reconcile": ("Reconciler", "Reconciliation", "Repair"),
    "sync.run": ("plan", "sync"),
    "sync.status": ("Status", "day_rows", "read_status"),
    "sync.time_basis": ("looks_shifted",),
    "sync.verdicts": ("VERDICTS",),
    "sync.verify": ("FolderCheck", "check_folder"),
}

__all__ = [
    "QUIET",
    "VERDICTS",
    "AlertSettings",
    "Backup",
    "BackupFile",
    "Delivery",
    "EngagePage",
    "EventFilter",
    "Finding",
    "FolderCheck",
    "Landed",
    "Only",
    "PlannedRequest",
    "Preview",
    "ProfileOutcome",
    "Progress",
    "Published",
    "Range",
    "Reconciler",
    "Reconciliation",
    "Repair",
    "Restored",
    "Status",
    "Sync",
    "SyncReport",
    "Window",
    "alerting",
    "back_up",
    "check_alerts",
    "check_classified",
    "check_folder",
    "check_health",
    "check_plan",
    "damage_error",
    "day_rows",
    "exclusive",
    "load_alert_settings",
    "looks_shifted",
    "plan",
    "read_status",
    "restore",
    "send_test",
    "sync",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
