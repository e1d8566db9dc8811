"""The accounts file is shared with mixpanel-headless, Mixpanel's own command-line tool."""

import tomllib
from pathlib import Path

import pytest

from mixpanel_data.auth import ConfigManager
from mixpanel_data.exceptions import ConfigError

THEIRS = """\
[active]
account = "team"
workspace = 7

[accounts.web]
type = "oauth_browser"
region = "us"

[accounts.team]
type = "service_account"
region = "eu"
default_project = "42"
username = "sa.team"
secret = "s3"

[targets.main]
account = "team"
project = "42"
"""


@pytest.fixture
def manager(tmp_path: Path) -> ConfigManager:
    path = tmp_path / "config.toml"
    path.write_text(THEIRS)
    path.chmod(0o600)
    return ConfigManager(path)


def test_their_service_accounts_are_read_and_the_active_one_is_the_default(
    manager: ConfigManager,
) -> None:
    [account] = manager.list_accounts()
    found = manager.resolve()

    assert (account.name, account.project_id, account.region) == ("team", "42", "eu")
    assert account.is_default
    assert (found.credentials.project_id, found.origin) == ("42", "account 'team' (default)")


def test_an_account_of_another_type_is_named(manager: ConfigManager) -> None:
    with pytest.raises(ConfigError, match=r"\[accounts.web\] .* of the type 'oauth_browser'"):
        manager.get_credentials("web")


def test_without_an_active_service_account_there_is_no_default(manager: ConfigManager) -> None:
    path = manager.config_path
    path.write_text(THEIRS.replace('account = "team"\nworkspace', 'account = "web"\nworkspace'))

    with pytest.raises(ConfigError, match="`mp auth default` with one of: team"):
        manager.resolve()


def test_what_is_added_has_exactly_the_keys_that_they_accept(manager: ConfigManager) -> None:
    manager.add_account("ours", "sa.ours", "s4", "77", "in")
    data = tomllib.loads(manager.config_path.read_text())

    assert data.pop("accounts")["ours"] == {
        "type": "service_account",
        "region": "in",
        "default_project": "77",
        "username": "sa.ours",
        "secret": "s4",
    }
    assert data == {key: value for key, value in tomllib.loads(THEIRS).items() if key != "accounts"}


def test_the_first_service_account_becomes_the_default_beside_others(
    manager: ConfigManager,
) -> None:
    manager.remove_account("team")
    manager.add_account("ours", "sa.ours", "s4", "77", "in")

    assert manager.resolve().account == "ours"


def test_an_account_with_a_project_id_and_no_type_is_still_read(manager: ConfigManager) -> None:
    block = '[accounts.old]\nusername = "u"\nsecret = "s"\nproject_id = "9"\nregion = "us"\n'
    manager.config_path.write_text(f'default = "old"\n{THEIRS}{block}')

    assert manager.resolve().credentials.project_id == "9"
