"""Settings that have no effect are named, with the nearest right one."""

import warnings
from pathlib import Path

import pytest

from mixpanel_data.exceptions import ConfigError, ConfigWarning
from mixpanel_data.settings import load_settings


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dlt").mkdir()
    return tmp_path / ".dlt" / "config.toml"


def warned(env: dict[str, str]) -> tuple[list[str], list[str]]:
    """The warnings, and the names that the settings hold."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConfigWarning)
        settings = load_settings(env)
    return [str(each.message) for each in caught], [each.name for each in settings.unknown]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("lookback_day", " Did you mean lookback_days?"),
        ("Lookback-Days", " Did you mean lookback_days?"),
        ("colour", ""),
    ],
)
def test_a_key_of_the_file(project: Path, key: str, nearest: str) -> None:
    project.write_text(f"[sources.mixpanel]\n{key} = 3\n")

    text = f"{key} in .dlt/config.toml is not a setting and has no effect.{nearest}"
    assert warned({}) == ([text], [key])


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("MP_LOOKBACKDAYS", "MP_LOOKBACK_DAYS"),
        ("MP_PROJECTID", "MP_PROJECT_ID"),
        ("MP_TIMEZONE", None),
        ("SOURCES__MIXPANEL__LOOKBACK_DAY", "SOURCES__MIXPANEL__LOOKBACK_DAYS"),
    ],
)
def test_a_variable(project: Path, name: str, nearest: str | None) -> None:
    text = f"{name} is not a setting and has no effect. Did you mean {nearest}?"
    assert warned({name: "3"}) == ([text] if nearest else [], [name])


def test_right_ones_and_those_of_others_are_not_named(project: Path) -> None:
    project.write_text(
        "[sources.mixpanel]\nlookback_days = 3\nmax_table_nesting = 0\n"
        "[sources.mixpanel.credentials]\n[sources.mixpanel.events]\nx = 1\n"
    )
    env = {
        "MP_LOOKBACK_DAYS": "3",
        "SOURCES__MIXPANEL__LOOKBACK_DAYS": "3",
        "SOURCES__MIXPANEL__CREDENTIALS__SECRET": "x",
        "MP_USERNAME": "u",
        "MP_APP_BASE_URL": "https://example.org",  # of mixpanel-headless
        "MPLBACKEND": "agg",
    }

    assert warned(env) == ([], [])


def test_a_file_with_a_byte_order_mark_is_read(project: Path) -> None:
    project.write_text("[sources.mixpanel]\nlookback_days = 3\n", encoding="utf-8-sig")

    assert load_settings({}).lookback_days == 3


def test_a_value_in_quotes_is_named(project: Path) -> None:
    with pytest.raises(ConfigError, match="The value of MP_TIME_BASIS is in quotes"):
        load_settings({"MP_TIME_BASIS": '"utc"'})
