"""At any failure, a command ends with a sentence and a documented code; output is whole or its
loss is an error."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.made_file import full

from mixpanel_data._internal.transform import build as dbt_build
from mixpanel_data.cli import errors
from mixpanel_data.cli.app import app, run
from mixpanel_data.cli.options import Format
from mixpanel_data.cli.output.rows import print_rows
from mixpanel_data.exceptions import ConfigError, MixpanelDataError, StorageError
from mixpanel_data.sandbox import Dataset, Sandbox

MP = str(Path(sys.executable).with_name("mp"))
ENDLESS = {("sandbox",), ("demo",)}
"""Commands that serve, or build for a minute, when nothing is wrong with their arguments."""
ODD_TEXTS = [
    *("", "-", ";", "-- c", "\x00", "\udcff", "é😀", "a/b", "../..", "0", "-1", "1e999", "nan"),
    *("2026-13-01", "0001-01-01", "select 'a' x, 'b' x", "select 1; select 2", "{}", "[1"),
    *("--", "--format", "--format=json", "--from=x", "'", '"', "\u202e", "a" * 5000),
]
ODD = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=12))


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from leaves(child, (*path, name))
    if not children and path not in ENDLESS:
        yield path, command


COMMANDS = list(leaves(typer.main.get_command(app)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full(tmp_path_factory.mktemp("data"), days=3).folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[None]:
    """Run in an empty folder, with no account, and no host that answers."""
    before, folder = dict(os.environ), Path.cwd()
    for name in [name for name in os.environ if name.startswith("MP_")]:
        del os.environ[name]
    os.environ["MP_CONFIG_PATH"] = str(tmp_path_factory.mktemp("accounts") / "config.toml")
    os.environ["MP_DATA_DIR"] = str(data)
    os.chdir(tmp_path_factory.mktemp("here"))
    yield
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize(
    ("path", "command"),
    COMMANDS,
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_odd_input_ends_with_a_sentence_and_a_documented_code(
    alone: None, capfd: pytest.CaptureFixture[str], path: tuple[str, ...], command: Any, drawn: Any
) -> None:
    options = [name for one in command.params for name in one.opts if name.startswith("--")]
    options = [name for name in options if name != "--format"]
    arguments: list[str] = []
    for _ in range(drawn.draw(st.integers(0, 2))):
        arguments.append(drawn.draw(st.sampled_from(options)))
        arguments.append(drawn.draw(ODD))
    arguments += drawn.draw(st.lists(ODD, max_size=2))
    capfd.readouterr()
    with Path(os.devnull).open() as nothing, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", nothing)
        code = run(["--format", "json", *path, *arguments])

    err = capfd.readouterr().err
    assert code in errors.MEANINGS
    assert "Traceback" not in err
    if code not in (0, 6):
        messages = [line for line in err.splitlines() if line.startswith("{")]
        assert json.loads(messages[-1])["message"] if messages else "Usage" in err or err == ""


@pytest.mark.parametrize("fmt", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize(
    "command", [["inspect", "tables"], ["query", "sql", "from events"], ["--help"]]
)
def test_output_to_a_full_disk_is_an_error(data: Path, command: list[str], fmt: str) -> None:
    options = [] if command == ["--help"] else ["--format", fmt, "--data-dir", str(data)]
    with Path("/dev/full").open("w") as disk:
        done = subprocess.run(
            [MP, *command, *options], stdout=disk, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 1
    assert "The output can't be written: No space left on device." in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("redirected", "code", "says"),
    [
        (">&-", 1, "The output can't be written"),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        ("<&-", 0, ""),
        ("| head -c 1", 0, ""),
    ],
)
def test_streams_that_are_closed_or_full(data: Path, redirected: str, code: int, says: str) -> None:
    script = f'"{MP}" query sql "select unnest(range(100000))" --verbose --data-dir "{data}" {redirected}'

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("fmt", "shown"),
    [
        ("json", '[{"x": "\\u00e9\\ud83d\\ude00"}]\n'),
        ("csv", "x\n\\xe9\\U0001f600\n"),
        ("jsonl", '{"x": "\\u00e9\\ud83d\\ude00"}\n'),
    ],
)
def test_a_pipe_that_can_not_encode_a_character_gets_its_number(
    data: Path, fmt: str, shown: str
) -> None:
    done = subprocess.run(
        [MP, "query", "sql", "select 'é😀' x", "--format", fmt, "--data-dir", str(data)],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, shown, "")


def test_an_error_that_is_not_ours_has_its_traceback_with_mp_debug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise LookupError("of secret=hidden\nlines")

    monkeypatch.setattr("mixpanel_data.sync.read_status", faulty)

    assert run(["status", "--data-dir", str(data)]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(
        "Error: Unexpected LookupError: of secret=[redacted] lines. To see where, set MP_DEBUG=1"
    )
    assert shown.count("\n") == 1
    monkeypatch.setenv("MP_DEBUG", "1")
    assert run(["--format", "json", "status", "--data-dir", str(data)]) == 1
    shown = capsys.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert "hidden" not in shown
    assert json.loads(shown.splitlines()[-1])["details"]["type"] == "builtins.LookupError"


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (
            PermissionError(13, "Permission denied", "/x"),
            StorageError,
            "/x: Permission denied. Give this user",
        ),
        (
            OSError(28, "No space left on device"),
            StorageError,
            "No space left on device. Free space",
        ),
        ("\udcff".encode, ConfigError, "not valid UTF-8"),
        (MemoryError(), StorageError, "not enough memory"),
    ],
)
def test_errors_of_the_system_say_what_to_do(error: Any, kind: type[Exception], says: str) -> None:
    if callable(error):
        with contextlib.suppress(UnicodeError):
            error()
        try:
            error()
        except UnicodeError as raised:
            error = raised

    named = errors.named(error)

    assert isinstance(named, kind)
    assert says in str(named)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "json", "query", "sql", "select 1 as x"],
        ["--format=json", "query", "sql", "select 1 as x"],
        ["query", "sql", "select 1 as x", "--format", "json"],
        ["--quiet", "query", "--format", "json", "sql", "select 1 as x"],
    ],
)
def test_options_stand_before_or_after_the_command(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(["--data-dir", str(data), *arguments]) == 0
    assert json.loads(capsys.readouterr().out) == [{"x": 1}]


def test_an_option_stands_before_a_command_of_a_group(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["query", "--format", "csv", "--data-dir", str(data), "sql", "--", "select 1 as x"])
        == 0
    )
    assert capsys.readouterr().out == "x\n1\n"


def test_an_option_that_a_command_lacks_is_refused_before_it_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--format", "json", "demo"]) == 3
    assert "No such option: --format" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    import mixpanel_data

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"mixpanel-data {mixpanel_data.__version__}\n"


def test_json_has_the_values_of_json_columns_and_null_for_nan(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = """
        select '{"b": 1, "a": [1.5, null], "b": 2}'::json as properties, null::json as none, 'nan'::double as nan,
            timestamptz '2026-01-02 03:04:05Z' as at, 1234567 as count
    """

    assert run(["--format", "json", "--data-dir", str(data), "query", "sql", sql]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown) == [
        {
            "properties": {"b": 1, "a": [1.5, None]},
            "none": None,
            "nan": None,
            "at": "2026-01-02T03:04:05+00:00",
            "count": 1234567,
        }
    ]
    assert run(["--format", "csv", "--data-dir", str(data), "query", "sql", sql]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith(",1234567")


def test_times_that_are_not_of_a_query_have_their_zone(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "select timestamp '2026-01-02 03:04:05' as at"

    assert run(["--format", "json", "--data-dir", str(data), "query", "sql", sql]) == 0
    assert json.loads(capsys.readouterr().out) == [{"at": "2026-01-02T03:04:05"}]
    print_rows(["at"], [[datetime(2026, 1, 2, 3, 4, 5)]], Format.json)
    assert json.loads(capsys.readouterr().out) == [{"at": "2026-01-02T03:04:05+00:00"}]


@pytest.mark.parametrize("command", [["status"], ["verify"], ["query", "sql", "select 1"]])
def test_a_file_in_place_of_the_data_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")

    assert run([*command, "--data-dir", str(file)]) == 3
    assert capsys.readouterr().err == (
        f"Error: {file} is not a folder. Name another for the data: MP_DATA_DIR or --data-dir.\n"
    )


@pytest.mark.parametrize("database", ["raw", "mixpanel", "workspace"])
@pytest.mark.parametrize("command", [["status"], ["verify"], ["query", "sql", "select 1"]])
def test_a_folder_in_place_of_a_database_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], database: str
) -> None:
    path = tmp_path / f"{database}.duckdb"
    path.mkdir()

    assert run([*command, "--data-dir", str(tmp_path)]) == 3
    assert f"Error: {path} must be a file, and it is a folder." in capsys.readouterr().err


@pytest.mark.parametrize("fmt", ["table", "json"])
def test_a_sync_whose_build_fails_shows_what_it_fetched(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fmt: str,
) -> None:
    dataset = Dataset.sample(days=2, users=3)

    def fail(*_args: object, **_rest: object) -> None:
        raise MixpanelDataError("dbt could not build the tables")

    monkeypatch.setattr(dbt_build, "build", fail)
    with Sandbox(dataset) as shop:
        for name, value in shop.env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MP_START_DATE", str(dataset.days()[0]))
        arguments = ["sync", "--only", "events", "--format", fmt]
        fetched = run([*arguments, "--data-dir", str(tmp_path / "data")])
        first = capsys.readouterr()
        repeated = run([*arguments, "--no-fetch", "--data-dir", str(tmp_path / "data")])

    assert (fetched, repeated) == (1, 3)
    if fmt == "json":
        assert json.loads(first.out)["days_loaded"] == 2
    else:
        assert re.search(r"^Events +[1-9]\d* in 2 days", first.err, re.MULTILINE)
    assert "dbt could not build the tables" in first.err
