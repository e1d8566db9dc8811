"""Servers that misbehave, and commands and processes that meet them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support import warm_mp

SECRET = "tR7pQz41Lm9KdW3xVb6Ny8Hc2Js5Gf0A"  # as Mixpanel's are: letters and digits
USERNAME = "sa.hostile.5f2c"

Run = Callable[..., subprocess.CompletedProcess[str]]

_CLIENT = """
import json, re, sys, time
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo
import stamina
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.landing.fetch_events import fetch_window
from mixpanel_data._internal.landing.fetch_profiles import ProfileFetcher, fetch_profile_set
from mixpanel_data._internal.landing.files import LandingFolder
from mixpanel_data._internal.streams.profile_sets import USERS, ProfileRead
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import MixpanelDataError

stamina.set_testing(True, attempts=1, cap=True)
url, what, folder, bounds = sys.argv[1:5]
from mixpanel_data._internal.api.bounds import Bounds
account = Credentials(username="sa", secret="not-in-the-answer", project_id="1", region="us")
day = date(2026, 3, 10)
landing = LandingFolder(Path(folder), project="1", region="us")
spent = time.process_time()
caught = None
with MixpanelAPIClient(account, base_url=url, bounds=Bounds(**json.loads(bounds))) as client:
    try:
        if what == "export":
            fetch_window(client, Window(day, day), landing, ZoneInfo("UTC"))
        elif what == "engage":
            fetch_profile_set(ProfileFetcher(client, landing), ProfileRead(USERS, None))
        elif what == "query":
            with client.query("events", {}):
                pass
        else:
            client.me()
    except MixpanelDataError as error:
        caught = error.to_dict()
print(json.dumps({
    "error": caught,
    "seconds": time.process_time() - spent,
    # Of this process alone: getrusage counts what it was forked from.
    "megabytes": int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024,
}))
"""


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What became of one question to a server, in a process of its own: the error, CPU seconds, most memory."""

    def ask(url: str, what: str, **bounds: Any) -> dict[str, Any]:
        command = [sys.executable, "-c", _CLIENT, url, what, str(tmp_path / "landing")]
        done = subprocess.run(
            [*command, json.dumps(bounds)], capture_output=True, text=True, check=True, timeout=300
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return ask


@pytest.fixture
def mp(tmp_path: Path, started_mp: None) -> Run:
    """Runs ``mp`` in an empty folder, with no settings but those given."""

    def run(
        *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
        clean |= {
            "MP_CONFIG_PATH": str(tmp_path / "accounts" / "config.toml"),
            "MP_DATA_DIR": str(tmp_path / "data"),
            **(env or {}),
        }
        return warm_mp.run(arguments, env=clean, cwd=cwd or tmp_path, timeout=300)

    return run
