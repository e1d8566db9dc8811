"""Which credentials count: the environment, then the named account, then the default one."""

import warnings
from pathlib import Path

import pytest
from unit.api.conftest import CANARY

from mixpanel_data._internal.config import ConfigManager
from mixpanel_data.exceptions import AccountNotFoundError, ConfigError, ConfigWarning

ENVIRONMENT = {
    "MP_USERNAME": "sa_env",
    "MP_SECRET": CANARY,
    "MP_PROJECT_ID": "999",
    "MP_REGION": "IN",
}


@pytest.fixture
def manager(tmp_path: Path) -> ConfigManager:
    manager = ConfigManager(tmp_path / "config.toml")
    for name in ("first", "second"):
        manager.add_account(name, f"sa_{name}", CANARY, "1", "us")
    return manager


def set_all(monkeypatch: pytest.MonkeyPatch, **other: str) -> None:
    for name, value in (ENVIRONMENT | other).items():
        monkeypatch.setenv(name, value)


def resolved(manager: ConfigManager, account: str | None = None) -> tuple[str, str]:
    """Username and source, when nothing is to be warned about."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resolution = manager.resolve(account)
        assert manager.resolve_credentials(account) == resolution.credentials
    return resolution.credentials.username, resolution.origin


def test_the_default_account_counts_when_none_is_named(manager: ConfigManager) -> None:
    assert resolved(manager) == ("sa_first", "account 'first' (default)")


def test_the_variable_counts_before_the_default_and_the_argument_before_the_variable(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_ACCOUNT", "second")

    assert resolved(manager) == ("sa_second", "account 'second' (MP_ACCOUNT)")
    assert resolved(manager, "first") == ("sa_first", "account 'first' (named)")


def test_a_complete_environment_counts_before_the_default(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch)

    assert resolved(manager) == ("sa_env", "environment")
    assert manager.resolve().credentials.region == "in"


def test_a_complete_environment_needs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch)
    (tmp_path / "config.toml").write_text("faulty = ")

    assert resolved(ConfigManager(tmp_path))[1] == "environment"


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_an_environment_that_hides_a_named_account_warns(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    set_all(monkeypatch, **({"MP_ACCOUNT": "second"} if how == "variable" else {}))

    with pytest.warns(ConfigWarning) as caught:
        resolution = manager.resolve("second" if how == "argument" else None)

    assert resolution.origin == "environment"
    text = str(caught[0].message)
    assert all(name in text for name in [*ENVIRONMENT, "second"])
    assert CANARY not in text


@pytest.mark.parametrize("blank", ["", "  "])
@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_a_partly_set_environment_is_refused_and_beside_a_named_account_it_warns(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch, missing: str, blank: str
) -> None:
    set_all(monkeypatch, **{missing: blank})

    with pytest.raises(ConfigError, match=f"set without {missing}. Set all four") as refused:
        manager.resolve()
    with pytest.warns(ConfigWarning, match=f"set without {missing}") as caught:
        resolution = manager.resolve("second")

    assert resolution.origin == "account 'second' (named)"
    for text in (str(refused.value.to_dict()), str(caught[0].message)):
        assert CANARY not in text
        assert "sa_env" not in text


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("name", ENVIRONMENT)
def test_quotes_in_a_variable_are_named_without_its_value(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch, name: str, quote: str
) -> None:
    set_all(monkeypatch, **{name: f"{quote}{ENVIRONMENT[name]}{quote}"})

    with pytest.raises(ConfigError, match=f"The value of {name} is in quotes") as caught:
        manager.resolve()

    assert CANARY not in str(caught.value.to_dict())


def test_a_project_id_that_is_no_number_is_refused(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, MP_PROJECT_ID="abc")

    with pytest.raises(ConfigError, match="project_id is not a number"):
        manager.resolve()


def test_a_byte_order_mark_is_no_part_of_a_secret(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, MP_SECRET=f"\ufeff{CANARY}\n")

    assert manager.resolve().credentials.secret.get_secret_value() == CANARY


def test_a_wrong_environment_is_named(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, MP_REGION="mars")

    with pytest.raises(ConfigError, match=r"The environment .*region is not ") as caught:
        manager.resolve()

    assert CANARY not in repr(caught.value.to_dict())


def test_without_any_account_the_error_names_both_remedies(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        ConfigManager(tmp_path).resolve()

    assert all(way in str(caught.value) for way in ["`mp auth add`", *ENVIRONMENT])


def test_accounts_without_a_default_are_offered(manager: ConfigManager) -> None:
    manager.add_account("third", "u", "s", "1", "us")
    manager.remove_account("first")

    with pytest.raises(ConfigError, match="`mp auth default` with one of: second, third"):
        manager.resolve()


def test_a_name_that_is_not_there_is_an_error_not_a_fallback(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_ACCOUNT", "frist")

    with pytest.raises(AccountNotFoundError):
        manager.resolve()
