"""Fixtures every test may use."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about us.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A shell that starts this in the background has it ignore SIGINT, and what it starts would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["mixpanel_data.sandbox.pytest_plugin", "browser"]

MP_VARIABLES = [
    "MP_USERNAME",
    "MP_SECRET",
    "MP_PROJECT_ID",
    "MP_REGION",
    "MP_ACCOUNT",
    "MP_DATA_DIR",
    "MP_API_BASE_URL",
    "MP_HOURLY_LIMIT",
    "MP_MAX_WAIT",
    "MP_TIME_BASIS",
    "MP_PROJECT_TIMEZONE",
    "MP_LOOKBACK_DAYS",
    "MP_START_DATE",
]


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads this machine's accounts, settings or data, and nothing reports home."""
    for name in MP_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MP_CONFIG_PATH", str(tmp_path / "accounts" / "config.toml"))
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
