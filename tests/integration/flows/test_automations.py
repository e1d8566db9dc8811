"""flows/automations.yaml, checked without a server; `test_schedule.py` has each automation act on a real one."""

import pytest
import yaml

from .conftest import ROOT

FILE = ROOT / "flows" / "automations.yaml"
BLOCK = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def automations():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def keys_of(model) -> set[str]:
    return set(model.model_fields)


def test_prefect_accepts_each_automation_and_ignores_no_key(automations):
    from prefect.events.schemas.automations import AutomationCore

    for each in automations:
        parsed = AutomationCore.model_validate(each)
        assert set(each) <= keys_of(type(parsed)), each["name"]
        assert set(each["trigger"]) <= keys_of(type(parsed.trigger)), each["name"]
        for given, action in zip(each["actions"], parsed.actions, strict=True):
            assert set(given) <= keys_of(type(action)), each["name"]


def test_each_kind_of_event_has_an_automation(automations):
    names = [each["name"] for each in automations]

    kinds = (
        "failed",
        "crashed",
        "late",
        "no worker",
        "zombie",
        "hangs",
        "not fresh",
        "schema change",
    )
    assert names == [f"mixpanel {kind}" for kind in kinds]
    blocks = {
        action["block_document_id"]
        for each in automations
        for action in each["actions"]
        if action["type"] == "send-notification"
    }
    assert blocks == {BLOCK}


def test_a_healthy_run_is_no_zombie(automations):
    from prefect.settings import get_current_settings

    (zombie,) = [each for each in automations if each["name"] == "mixpanel zombie"]
    frequency = get_current_settings().flows.heartbeat_frequency

    assert frequency
    assert zombie["trigger"]["within"] >= 3 * frequency
