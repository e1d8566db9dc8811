"""What `mp doctor` reports of `[alerts]`: each target, and why it would get no message."""

import sys
from pathlib import Path

import pytest
from support.receiver import Receiver

from mixpanel_data._internal.health.alerts import check_alert_settings
from mixpanel_data._internal.health.findings import Finding
from mixpanel_data._internal.settings import Settings, load_settings

PASSWORD, TOKEN = "hunter22-pass", "t0ken-of-path"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({}, data_dir=tmp_path)


def values(found: list[Finding]) -> list[tuple[str, str]]:
    assert {(each.what, each.source) for each in found} == {("alerts", "[alerts]")}
    return [(each.state, each.value) for each in found]


def test_without_a_target_it_names_the_setting(settings):
    assert values(check_alert_settings(settings)) == [
        (
            "ok",
            "no target: set `urls` in [alerts] of .dlt/secrets.toml to get alerts of failed runs",
        )
    ]


def test_each_target_is_named_without_secrets_and_nothing_is_sent(settings, monkeypatch):
    with Receiver() as receiver:
        url = f"json://u:{PASSWORD}@{receiver.place}/{TOKEN}"
        monkeypatch.setenv("ALERTS__URLS", f"{url}, nonsense://{TOKEN}")
        monkeypatch.setenv("ALERTS__KINDS", "failed, late")
        monkeypatch.setenv("ALERTS__PING_URL", f"https://ping.example/{TOKEN}")

        found = values(check_alert_settings(settings))

        assert receiver.alerts == []
    assert found == [
        (
            "ok",
            f"target 1, JSON at {receiver.place}: failed, late. `mp alerts test` sends one",
        ),
        ("warning", "target 2: apprise does not know this URL: see `apprise --details`"),
        ("ok", "ping_url at ping.example: after each success"),
    ]


def test_a_wrong_setting_is_a_warning_that_names_it(settings, monkeypatch):
    monkeypatch.setenv("ALERTS__KINDS", "failed, sometimes")

    [(state, value)] = values(check_alert_settings(settings))

    assert state == "warning"
    assert value.startswith("none is sent. [alerts] can't be used: kinds (from ALERTS__KINDS)")


def test_a_missing_apprise_is_a_warning_with_the_command_that_installs_it(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setenv("ALERTS__URLS", f"json://{TOKEN}.example")

    [(state, value)] = values(check_alert_settings(settings))

    assert state == "warning"
    assert value == "target 1: Alerts need apprise: pip install 'mixpanel-data[alerts]'"
