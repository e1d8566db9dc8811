"""docs/bounds.md names every bound, its default and its setting, as the code has them."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from mixpanel_data._internal.api import bounds, engage_pages, errors
from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.landing.quarantine import Quarantine
from mixpanel_data._internal.settings import Settings, load_settings

PAGE = (Path(__file__).parents[3] / "docs" / "bounds.md").read_text(encoding="utf-8")
CONFIG = (Path(__file__).parents[3] / ".dlt" / "config.toml").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| `(.+?)` \| (.+?) \|$", PAGE, re.MULTILINE)
SETTINGS = {
    setting.strip("`").removeprefix("MP_").lower(): default
    for _, default, setting in ROWS
    if setting != "fixed"
}
FIXED = {
    "gzip members": bounds.SPARE_MEMBERS,
    "body of an error": bounds.ERROR_BODY,
    "retry-after": errors.MAX_RETRY_AFTER,
    "session_id": engage_pages.LONGEST_SESSION,
    "total": engage_pages.MORE_THAN_TOTAL,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_default_on_the_page_is_that_of_the_setting(name, tmp_path):
    given = load_settings({f"MP_{name.upper()}": SETTINGS[name]}, data_dir=tmp_path)

    assert getattr(given, name) == Settings.model_fields[name].default


def test_every_bound_is_on_the_page():
    names = [f"MP_{field.upper()}" for field in SETTINGS]
    for kind in (Bounds, Quarantine):
        documented = re.findall(
            r"\((MP_\w+)\)",
            Path(__import__(kind.__module__, fromlist=["x"]).__file__ or "").read_text(),
        )
        assert len(set(documented) & set(names)) == len(fields(kind))


def test_settings_make_the_bounds():
    given = dict.fromkeys(SETTINGS, 7)
    settings = Settings.model_validate({"data_dir": "x", **given})

    assert set(vars(settings.bounds).values()) == {7}
    assert set(vars(settings.quarantine).values()) == {7}


@pytest.mark.parametrize("what", FIXED)
def test_a_fixed_bound_on_the_page_is_that_of_the_code(what):
    (row,) = [row for row in ROWS if what in row[0].lower() and row[2] == "fixed"]

    assert row[1] == str(FIXED[what])


@pytest.mark.parametrize("name", SETTINGS)
def test_the_configuration_file_shows_it(name):
    shown = re.findall(rf"^{name} = \"?([^\"\n]+)\"?$", CONFIG, re.MULTILINE)

    assert shown == [SETTINGS[name]]
