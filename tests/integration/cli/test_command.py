"""``mp report``: where it writes, and how it fails."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.made_file import full

from mixpanel_data.cli.app import run

Mp = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mp(capsys: pytest.CaptureFixture[str]) -> Mp:
    def mp(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(each) for each in arguments])
        return code, *capsys.readouterr()

    return mp


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full(tmp_path_factory.mktemp("data"), days=10).folder


def test_it_prints_the_path_it_wrote(mp: Mp, data: Path) -> None:
    code, out, err = mp("report", "--data-dir", data)

    assert (code, out) == (0, f"{data / 'report.html'}\n")
    assert "2026-06-01 to 2026-06-10" in err
    assert (data / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_another_file_and_other_days_can_be_named(mp: Mp, data: Path, tmp_path: Path) -> None:
    target = tmp_path / "it's a report 🎉.html"
    target.write_text("old")

    code, out, err = mp(
        "report",
        "--data-dir",
        data,
        "-o",
        target,
        "--from",
        "2026-06-03",
        "--to",
        "2026-06-05",
        "-q",
    )

    assert (code, out, err) == (0, f"{target}\n", "")
    assert "3 Jun 2026 to 5 Jun 2026" in target.read_text(encoding="utf-8")
    assert stat.S_IMODE(target.stat().st_mode) & 0o444
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_nothing_published_ends_with_4(mp: Mp, tmp_path: Path) -> None:
    code, out, err = mp("report", "--data-dir", tmp_path)

    assert (code, out) == (4, "")
    assert f"Nothing is published in {tmp_path}. Run `mp sync` first" in err


def test_a_file_that_is_no_database_is_named(mp: Mp, tmp_path: Path) -> None:
    (tmp_path / "mixpanel.duckdb").write_text("no database at all, but a long enough text" * 100)

    code, _, err = mp("report", "--data-dir", tmp_path)

    assert code == 1
    assert "mixpanel.duckdb is damaged" in err
    assert "Run `mp sync`" in err


@pytest.mark.parametrize("module", ["vl_convert", "jinja2"])
def test_a_missing_extra_is_an_error_with_the_install_command(
    mp: Mp, data: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    code, _, err = mp("report", "--data-dir", data)

    assert code == 3
    assert "pip install 'mixpanel-data[report]'" in err


@pytest.mark.parametrize(
    ("option", "place"),
    [
        ("report --output", "missing/report.html"),
        ("report --output", ""),
        ("dashboard --export", "missing/dashboard.html"),
        ("dashboard --superset", "missing/dashboard.zip"),
    ],
)
def test_an_output_that_can_not_be_written_is_named_before_the_work(
    mp: Mp, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, place: str
) -> None:
    for work in ("run._app_copy", "superset.write._zipped"):
        monkeypatch.setattr(f"mixpanel_data._internal.dashboard.{work}", None)
    command, name = option.split()
    code, out, err = mp(command, "--data-dir", data, name, tmp_path / place)

    assert (code, out) == (1, "")
    assert f"{tmp_path / place} can't be written" in err
    assert f"Name another file: mp {option} FILE." in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (["--from", "soon"], "'soon' is not a date"),
        (["--from", "2030-01-01"], "the file has 2026-06-01 to 2026-06-10"),
    ],
)
def test_days_that_are_no_good_end_with_3(mp: Mp, data: Path, days: list[str], says: str) -> None:
    code, _, err = mp("report", "--data-dir", data, *days)

    assert code == 3
    assert says in err
