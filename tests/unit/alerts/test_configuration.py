"""Settings of alerts: what wins, and what a mistake is called."""

from pathlib import Path

import pytest

from mixpanel_data._internal.alerts.configuration import KINDS, load_alert_settings
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.exceptions import ConfigError

URL = "ntfy://loader:hunter22@ntfy.example/topic"


@pytest.fixture
def load(tmp_path: Path):
    """Loads the settings of a project with these files, and with these variables."""

    def load_them(config: str = "", secrets: str = "", **env: str):
        (tmp_path / ".dlt").mkdir(exist_ok=True)
        (tmp_path / ".dlt" / "config.toml").write_text(config)
        (tmp_path / ".dlt" / "secrets.toml").write_text(secrets)
        settings = load_settings({"MP_PROJECT_DIR": str(tmp_path)})
        return load_alert_settings(settings, env)

    return load_them


def urls(found) -> list[str]:
    return [each.get_secret_value() for each in found.urls]


def test_defaults_are_those_of_the_documentation(load):
    found = load()

    assert (found.urls, found.ping_url, found.is_empty) == ((), None, True)
    assert set(KINDS) - set(found.kinds) == {"schema_change"}
    assert (found.max_age, found.late_after, found.timeout) == (36 * 3600, 26 * 3600, 15)


def test_the_environment_wins_over_secrets_and_these_over_the_file(load):
    config = '[alerts]\nkinds = ["failed"]\nurls = ["json://a"]\ntimeout = "1m"\n'
    secrets = f'[alerts]\nurls = ["{URL}"]\n'

    assert (urls(load(config, secrets)), load(config, secrets).kinds) == ([URL], ("failed",))
    assert urls(load(config, secrets, ALERTS__URLS="json://b")) == ["json://b"]
    assert load(config, secrets).timeout == 60


def test_a_variable_has_several_urls_and_kinds(load):
    found = load(
        ALERTS__URLS="mailto://a:b@c.example?to=x@y.example,z@y.example, json://d\nxml://e",
        ALERTS__KINDS="failed, late",
    )

    assert urls(found) == [
        *("mailto://a:b@c.example?to=x@y.example,z@y.example", "json://d", "xml://e")
    ]
    assert found.kinds == ("failed", "late")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('url = "json://a"', "`url` (from .dlt/config.toml) is not a setting of it (did you mean"),
        ('kinds = ["fails"]', "kinds (from .dlt/config.toml): Input should be 'failed'"),
        ('ping_url = "hc-ping.com"', "ping_url (from .dlt/config.toml): it has to begin with"),
        ('max_age = "soon"', "max_age (from .dlt/config.toml):"),
        ("urls = 3", "urls (from .dlt/config.toml):"),
    ],
)
def test_a_mistake_is_named_with_its_file(load, config, message):
    with pytest.raises(ConfigError) as raised:
        load(f"[alerts]\n{config}\n")

    assert message in str(raised.value)


def test_no_secret_is_in_the_representation(load):
    found = load(ALERTS__URLS=URL, ALERTS__PING_URL="https://hc-ping.example/uuid-1234")

    assert not any(part in repr(found) for part in ("hunter22", "uuid-1234"))
