"""Put the automations of flows/automations.yaml on a Prefect server, with a notification block for
the first URL of ``[alerts]``.

From the project's folder, with PREFECT_API_URL set: ``python flows/automations.py``. A rerun updates
block and automations of the same names.
"""

import os
import sys
from pathlib import Path

if __name__ == "__main__":  # Prefect reads these once, while it is imported
    os.environ.setdefault("PREFECT_HOME", str(Path(__file__).resolve().parents[1] / ".prefect"))
    os.environ.setdefault("DO_NOT_TRACK", "1")

import yaml
from prefect.blocks.notifications import SlackWebhook
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import AutomationCore

from mixpanel_data.cli.errors import exit_code, show_error
from mixpanel_data.exceptions import ConfigError, MixpanelDataError
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import load_alert_settings

BLOCK = "mixpanel-alerts"
NO_BLOCK = "00000000-0000-0000-0000-000000000000"
"""What the file has in place of a block's id."""


def read_automations(file: Path, block: str = NO_BLOCK) -> list[AutomationCore]:
    """Return the automations of a file, whose notifications go to ``block``.

    Raises:
        ConfigError: if the file can't be read, or Prefect does not accept an automation of it.
    """
    try:
        text = file.read_text(encoding="utf-8").replace(NO_BLOCK, block)
        return [AutomationCore.model_validate(each) for each in yaml.safe_load(text)]
    except (OSError, yaml.YAMLError, ValueError, TypeError) as error:
        raise ConfigError(f"{file} can't be used: {error}") from None


def deploy(file: Path) -> list[str]:
    """Create or update the block and the automations; return the names of the automations.

    Raises:
        ConfigError: if no URL of alerts is configured, or the file can't be used.
    """
    urls = load_alert_settings(load_settings()).urls
    if not urls:
        raise ConfigError(
            "No target of alerts is configured. Set `urls` in [alerts] of .dlt/secrets.toml, or "
            "ALERTS__URLS."
        )
    # Read before anything is created on the server: a mistake leaves it as it was.
    read_automations(file)
    # Of Prefect's own blocks, which alone a server can load, this one takes any URL of apprise.
    SlackWebhook.register_type_and_schema()
    block = SlackWebhook(url=urls[0]).save(BLOCK, overwrite=True)
    automations = read_automations(file, str(block))
    with get_client(sync_client=True) as client:
        for automation in automations:
            known = client.read_automations_by_name(automation.name)
            for each in known:
                client.update_automation(each.id, automation)
            if not known:
                client.create_automation(automation)
    return [automation.name for automation in automations]


def main(file: Path | None = None) -> int:
    """Deploy the file beside this one, or ``file``; return an exit code of ``mp``."""
    try:
        names = deploy(file or Path(__file__).with_name("automations.yaml"))
    except MixpanelDataError as error:
        show_error(error)
        return exit_code(error)
    print("\n".join(f"deployed {name}" for name in names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
