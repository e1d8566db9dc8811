"""What is checked before the app starts: events, segment, days, marimo and the port."""

import importlib.util
import socket
from datetime import date

import pytest
from support.made_file import ODD_NAMES, MadeFile
from unit.dashboard.conftest import DIMENSION

from mixpanel_data._internal.dashboard import run as dashboard
from mixpanel_data._internal.dashboard.reading import read_given
from mixpanel_data.cli.app import run
from mixpanel_data.exceptions import ConfigError, NothingPublishedError
from mixpanel_data.settings import Settings, load_settings


@pytest.fixture
def settings(odd: MadeFile) -> Settings:
    return load_settings(data_dir=odd.folder)


def test_what_is_given_reaches_the_app(settings: Settings) -> None:
    found = dashboard.check_given(
        settings,
        sign_up=ODD_NAMES[3],
        segment=f"{DIMENSION}={ODD_NAMES[0]}",
        first=date(2026, 6, 5),
    )

    assert read_given(found.to_argument()) == found
    assert (found.sign_up, found.segment, found.first) == (
        ODD_NAMES[3],
        (DIMENSION, ODD_NAMES[0]),
        "2026-06-05",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"sign_up": "Purchase 🎉 العربيه"},
            "--sign-up: no user ever did Purchase 🎉 العربيه. Did you mean Purchase 🎉 العربية?",
        ),
        ({"value_moment": "xyz", "feature": "$ae_sesion"}, "Did you mean $ae_session?"),
        ({"segment": "country"}, "Write it as DIMENSION=VALUE"),
        ({"segment": "an odd dimension=x"}, f"Did you mean {DIMENSION}?"),
        ({"segment": f"{DIMENSION}=$ae_sesion"}, "Did you mean $ae_session?"),
        ({"first": date(2027, 1, 1)}, "None of the requested days is available"),
    ],
)
def test_what_the_file_does_not_have_is_refused_with_the_nearest(
    settings: Settings, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        dashboard.check_given(settings, **given)
    assert message in str(caught.value)


def test_without_a_published_file_it_ends_as_the_report_does(tmp_path, capsys) -> None:
    codes = {
        run([command, "--data-dir", str(tmp_path), *more])
        for command, more in (
            ("report", []),
            ("dashboard", []),
            ("dashboard", ["--export", "x.html"]),
            ("dashboard", ["--superset", "x.zip"]),
        )
    }

    assert codes == {4}
    assert "mp sync" in capsys.readouterr().err
    with pytest.raises(NothingPublishedError):
        dashboard.check_given(load_settings(data_dir=tmp_path))


def test_where_marimo_is_missing_the_extra_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "find_spec", lambda _: None)

    with pytest.raises(ConfigError, match=r"pip install 'mixpanel-data\[dashboard\]'"):
        dashboard.check_given(settings)
    assert importlib.util.find_spec("marimo")


def test_a_port_in_use_is_named(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"listen on port {port} of 127.0.0.1"):
            dashboard.serve_dashboard(settings, port=port)


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_can_not_be_is_refused(odd: MadeFile, port: str, capsys) -> None:
    assert run(["dashboard", f"--port={port}", "--data-dir", str(odd.folder)]) == 3
    assert port in capsys.readouterr().err
