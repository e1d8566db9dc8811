"""What the dlt source does when nobody hands it files: plan and land as a run does."""

import logging

from mixpanel_data._internal.accounts import resolve
from mixpanel_data._internal.dates import parse_day
from mixpanel_data._internal.landing import Landed
from mixpanel_data._internal.settings import load_settings
from mixpanel_data._internal.sync import Sync
from mixpanel_data.sources.package import Project

log = logging.getLogger(__name__)


def bring(
    start_date: str | None = None, end_date: str | None = None
) -> tuple[Project, list[Landed]]:
    """Whose data it is, and the verified files of the days and of the profiles that are due.

    Raises:
        ConfigError: no credentials, or dates that can't be.
    """
    settings = load_settings()
    sync = Sync(settings, resolve(settings).credentials)
    wanted = sync.begin(parse_day(start_date), parse_day(end_date))
    files: list[Landed] = []
    while windows := sync.next_windows(wanted):
        files += sync.land(windows)
    files += sync.land_profiles()
    for warning in sync.report.warnings:
        log.warning("%s", warning)
    for error in sync.report.failures:
        log.error("%s", error)
    return sync.project, files
