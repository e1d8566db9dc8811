"""Promise 8: however a server echoes the request, the secret is in no output, file or database."""

import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from support.echoes import ANSWERS, everywhere, found_in
from support.scripted_server import ScriptedServer

from mixpanel_data import MixpanelDataError, Workspace
from mixpanel_data.cli.app import run

from .conftest import SECRET, USERNAME

DAY = "2026-03-10"
COMMANDS: list[list[str]] = [
    ["sync", "--from", DAY, "--to", DAY, "--no-build"],
    ["query", "segmentation", "Paid", "--from", DAY, "--to", DAY, "--format", "json"],
    ["doctor"],
]
# Read as a sync and a report are; once is enough.
OF_EVENTS = [["fetch", "events", "--from", DAY, "--to", DAY], ["query", "jql", "q.js"]]


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a run of the hostile project works in, its account in the accounts file."""
    accounts = tmp_path / "accounts"
    accounts.mkdir(mode=0o700)
    (tmp_path / "q.js").write_text("function main() {}")
    for name, value in {
        "MP_USERNAME": USERNAME, "MP_SECRET": SECRET, "MP_PROJECT_ID": "1", "MP_REGION": "us",
        "MP_DATA_DIR": str(tmp_path / "data"), "MP_HOURLY_LIMIT": "100000", "MP_MAX_WAIT": "0",
        "MP_DEBUG": "1", "MP_START_DATE": DAY,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(error: BaseException) -> str:
    """All that may become of an error: its text, its data, its trace, its pickle, and the same of its causes."""
    parts = ["".join(traceback.format_exception(error))]
    link: BaseException | None = error
    while link is not None:
        parts += [str(link), repr(link), repr(link.args), repr(vars(link).get("details"))]
        if isinstance(link, MixpanelDataError):
            parts += [json.dumps(link.to_dict(), ensure_ascii=False), str(pickle.dumps(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(parts)


@pytest.mark.parametrize("name", ANSWERS)
def test_promise_8_no_echo_reaches_any_output_file_or_database(
    account: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[str] = []
    with ScriptedServer(*[ANSWERS[name]] * 300) as server:
        monkeypatch.setenv("MP_API_BASE_URL", server.base_url)
        for command in [*COMMANDS, *(OF_EVENTS if name == "export: events" else [])]:
            run(command)
        with Workspace() as workspace:
            questions: list[Any] = [
                lambda: list(workspace.stream_events(DAY, DAY)),
                workspace.cohorts,
            ]
            for question in questions:
                try:
                    question()
                except MixpanelDataError as error:
                    errors.append(shown(error))

    output = capfd.readouterr()
    seen = [("stdout", output.out), ("stderr", output.err), ("log", caplog.text)]
    seen += [(f"error {number}", text) for number, text in enumerate(errors)]
    seen += [(f"record {record.name}", repr(vars(record))) for record in caplog.records]
    assert server.asked
    assert [(where, found) for where, text in seen if (found := found_in(text))] == []
    assert [
        (where, found) for where, text in everywhere(account) if (found := found_in(text))
    ] == []
