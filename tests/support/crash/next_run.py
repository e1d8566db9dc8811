"""The run after one that did not end well, in this process: `mp` takes a second to start."""

from datetime import date
from pathlib import Path

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sync.job import Sync
from support.account import account_of


def sync_from(first: date, server: Sandbox, folder: Path) -> None:
    """As `mp sync --from first --no-build`; raises what did not come."""
    settings = load_settings({}, data_dir=folder, api_base_url=server.base_url)
    credentials = account_of(server)
    with (
        exclusive(settings.folder),
        MixpanelAPIClient(credentials, base_url=server.base_url) as client,
    ):
        Sync(settings, credentials, client=client).run(first=first, build=False).raise_failures()
