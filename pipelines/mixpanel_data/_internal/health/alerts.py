"""Checks whether alerts can be sent: their settings, apprise, and each URL. Nothing is sent."""

from mixpanel_data._internal.alerts.configuration import (
    SECRETS_FILE,
    SECTION,
    load_alert_settings,
)
from mixpanel_data._internal.alerts.sending import ping_name, target_names
from mixpanel_data._internal.health.findings import Finding
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import ConfigError

SOURCE = f"[{SECTION}]"


def check_alert_settings(settings: Settings) -> list[Finding]:
    """Return a finding for each target of alerts. No secret is in it.

    A warning is an alert that would not be sent: a wrong setting, apprise that is not installed, a
    URL that apprise does not know.
    """
    try:
        found = load_alert_settings(settings)
    except ConfigError as error:
        return [Finding("alerts", f"none is sent. {error}", "warning", SOURCE)]
    if found.is_empty:
        value = f"no target: set `urls` in {SOURCE} of {SECRETS_FILE} to get alerts of failed runs"
        return [Finding("alerts", value, source=SOURCE)]
    kinds = f"{', '.join(found.kinds)}. `mp alerts test` sends one"
    findings = [
        Finding("alerts", f"{target}: {problem or kinds}", "warning" if problem else "ok", SOURCE)
        for target, problem in target_names(found)
    ]
    if found.ping_url:
        value = f"{ping_name(found.ping_url.get_secret_value())}: after each success"
        findings.append(Finding("alerts", value, source=SOURCE))
    return findings
