"""Named accounts: what may be kept, changed, and what the file says when it is wrong."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from unit.api.conftest import CANARY

from mixpanel_data.auth import AccountInfo, ConfigManager, Credentials
from mixpanel_data.exceptions import (
    AccountExistsError,
    AccountNotFoundError,
    ConfigError,
    ConfigWarning,
)

GOOD: dict[str, Any] = {"username": "u", "secret": CANARY, "project_id": "1", "region": "us"}


@pytest.fixture
def manager(tmp_path: Path) -> ConfigManager:
    return ConfigManager(tmp_path / "mp" / "config.toml")


def add(manager: ConfigManager, *names: str) -> None:
    for name in names:
        manager.add_account(name, f"sa_{name}", CANARY, "12345", "eu")


def default(manager: ConfigManager) -> list[str]:
    return [account.name for account in manager.list_accounts() if account.is_default]


@pytest.mark.parametrize("region", ["us", "EU", " In "])
def test_regions_are_stored_lower(region: str) -> None:
    assert Credentials.model_validate(GOOD | {"region": region}).region == region.strip().lower()


@pytest.mark.parametrize("field", ["username", "secret", "project_id", "region"])
@pytest.mark.parametrize("value", ["", " \t\n", None, ["x"], "\ud800"])
def test_blank_and_wrong_values_are_refused_without_showing_the_secret(
    field: str, value: object
) -> None:
    with pytest.raises(ValidationError) as caught:
        Credentials.model_validate(GOOD | {field: value})

    assert CANARY not in f"{caught.value} {caught.value.errors()!r}"


def test_a_missing_field_does_not_show_the_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        Credentials.model_validate({"secret": CANARY, "username": "sa.visible"})

    assert CANARY not in f"{caught.value} {caught.value.errors()!r}"
    assert "sa.visible" not in str(caught.value)


def test_credentials_are_frozen_and_show_no_secret() -> None:
    credentials = Credentials.model_validate(GOOD)

    with pytest.raises(ValidationError):
        credentials.username = "other"
    assert CANARY not in f"{credentials!r} {credentials} {credentials.model_dump_json()}"
    assert credentials.secret.get_secret_value() == CANARY


def test_the_first_account_is_the_default_and_the_file_is_that_of_the_manual(
    manager: ConfigManager,
) -> None:
    manager.add_account("production", "sa_prod_user", "s3", "12345", "US")
    manager.add_account("staging", "sa_stage_user", "s4", "67890", "eu")

    assert manager.config_path.read_text() == (
        'default = "production"\n\n'
        '[accounts.production]\ntype = "service_account"\nregion = "us"\n'
        'default_project = "12345"\nusername = "sa_prod_user"\nsecret = "s3"\n\n'
        '[accounts.staging]\ntype = "service_account"\nregion = "eu"\n'
        'default_project = "67890"\nusername = "sa_stage_user"\nsecret = "s4"\n'
    )
    assert manager.list_accounts() == [
        AccountInfo(
            name="production",
            username="sa_prod_user",
            project_id="12345",
            region="us",
            is_default=True,
        ),
        AccountInfo(
            name="staging",
            username="sa_stage_user",
            project_id="67890",
            region="eu",
            is_default=False,
        ),
    ]
    assert manager.get_account("staging").region == "eu"
    assert manager.get_credentials("staging").secret.get_secret_value() == "s4"


def test_account_infos_hold_no_secret(manager: ConfigManager) -> None:
    add(manager, "a")

    assert CANARY not in repr(manager.list_accounts())
    assert "secret" not in manager.get_account("a").model_dump()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("secret", " ", "secret is empty"),
        ("username", "", "username is empty"),
        ("region", "uk", "region is not us, eu or in"),
    ],
)
def test_missing_fields_of_an_account_are_named(
    manager: ConfigManager, field: str, value: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=f": {message}. It needs username") as caught:
        manager.add_account("a", **(GOOD | {field: value}))

    assert CANARY not in str(caught.value.to_dict())
    manager.config_path.parent.mkdir(parents=True, exist_ok=True)
    manager.config_path.write_text(
        '[accounts.a]\nusername = "u"\nproject_id = "1"\nregion = "us"\n'
    )
    manager.config_path.chmod(0o600)
    with pytest.raises(ConfigError, match="secret is missing"):
        manager.get_account("a")


def test_an_account_is_added_once(manager: ConfigManager) -> None:
    add(manager, "a")
    before = manager.config_path.read_bytes()

    with pytest.raises(AccountExistsError):
        manager.add_account("a", "x", "y", "1", "us")

    assert manager.config_path.read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "mars"},
        {"username": " "},
        {"project_id": ""},
        {"secret": ""},
        {"name": " "},
        {"name": "\ud800"},
    ],
)
def test_a_wrong_account_is_refused_and_nothing_is_written(
    manager: ConfigManager, wrong: dict[str, str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        manager.add_account(**({"name": "a"} | GOOD | wrong))

    assert CANARY not in json.dumps(caught.value.to_dict())
    assert not manager.config_path.exists()


def test_unknown_accounts_are_named_with_the_known_ones(manager: ConfigManager) -> None:
    add(manager, "a", "b")

    for call in (
        manager.get_account,
        manager.get_credentials,
        manager.remove_account,
        manager.set_default,
        manager.resolve_credentials,
    ):
        with pytest.raises(AccountNotFoundError) as caught:
            call("c")
        assert caught.value.available_accounts == ["a", "b"]


def test_removing_the_default_leaves_a_default_only_when_there_is_no_choice(
    manager: ConfigManager,
) -> None:
    add(manager, "a", "b", "c")
    manager.remove_account("a")
    assert default(manager) == []

    manager.set_default("b")
    manager.remove_account("b")
    assert default(manager) == ["c"]

    manager.remove_account("c")
    assert manager.list_accounts() == []
    with pytest.raises(ConfigError, match="No Mixpanel account"):
        manager.resolve()


def test_removing_another_account_keeps_the_default(manager: ConfigManager) -> None:
    add(manager, "a", "b")
    manager.remove_account("b")

    assert default(manager) == ["a"]


def test_a_folder_means_the_config_file_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_CONFIG_PATH", str(tmp_path))

    managers = [ConfigManager(), ConfigManager(tmp_path), ConfigManager(_config_path=str(tmp_path))]

    assert {manager.config_path for manager in managers} == {tmp_path / "config.toml"}


def test_the_default_place_is_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_CONFIG_PATH")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".mp").mkdir(mode=0o755)

    add(ConfigManager(), "a")

    assert (tmp_path / ".mp" / "config.toml").exists()
    assert (tmp_path / ".mp").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default = \n", "line 1"),
        ('[accounts.a]\nusername = "u"\nsecret = {CANARY}\n', "line 3"),
        ('accounts = "a"\n', "the key accounts"),
        ('[accounts]\na = "x"\n', "the key accounts.a"),
        ("default = 3\n[accounts.a]\n", "the key default"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_accounts_file_is_named_and_left_alone(
    manager: ConfigManager, text: str | bytes, message: str
) -> None:
    raw = text if isinstance(text, bytes) else text.replace("{CANARY}", CANARY).encode()
    manager.config_path.parent.mkdir()
    manager.config_path.write_bytes(raw)
    manager.config_path.chmod(0o600)

    for call in (
        manager.list_accounts,
        lambda: add(manager, "b"),
        lambda: manager.remove_account("a"),
        lambda: manager.set_default("a"),
    ):
        with pytest.raises(ConfigError) as caught:
            call()
        assert message in str(caught.value)
        assert str(manager.config_path) in str(caught.value)
        assert CANARY not in repr(caught.value.to_dict())
        assert manager.config_path.read_bytes() == raw


@pytest.mark.parametrize(
    ("field", "value"), [("region", '"mars"'), ("secret", "7.5"), ("username", "[]")]
)
def test_one_wrong_account_is_named_and_does_not_cost_the_others(
    manager: ConfigManager, field: str, value: str
) -> None:
    add(manager, "good")
    text = manager.config_path.read_text()
    bad = {
        "username": '"u"',
        "secret": f"'{CANARY}'",
        "project_id": "123",
        "region": '"us"',
    } | {field: value}
    lines = "".join(f"{key} = {item}\n" for key, item in bad.items())
    manager.config_path.write_text(f"{text}\n[accounts.bad]\n{lines}")

    assert manager.get_credentials("good").project_id == "12345"
    with pytest.raises(ConfigError) as caught:
        manager.get_credentials("bad")
    assert f"[accounts.bad] in {manager.config_path}" in str(caught.value)
    assert f"complete account: {field} is " in str(caught.value)
    assert CANARY not in json.dumps(caught.value.to_dict())
    manager.remove_account("bad")
    assert [account.name for account in manager.list_accounts()] == ["good"]


def test_a_project_id_may_stand_as_a_number_and_notes_may_stand_beside_it(
    manager: ConfigManager,
) -> None:
    manager.config_path.parent.mkdir()
    manager.config_path.write_text(
        '[accounts.a]\nusername = "u"\nsecret = "s"\nproject_id = 77\nregion = "IN"\nnote = 1\n'
    )
    manager.config_path.chmod(0o600)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert manager.get_account("a").project_id == "77"


def test_a_file_that_others_may_read_causes_a_warning(manager: ConfigManager) -> None:
    add(manager, "a")
    manager.config_path.chmod(0o644)

    with pytest.warns(ConfigWarning, match="chmod 600"):
        manager.list_accounts()
