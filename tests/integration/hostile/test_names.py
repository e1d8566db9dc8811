"""Names that a terminal would obey, and that a spreadsheet would run: shown in words, whole in JSON and CSV."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.publication.publish import Published
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.cli.app import run
from mixpanel_data.cli.errors import show_error, warnings_to_stderr
from mixpanel_data.cli.options import Format
from mixpanel_data.cli.output.progress import BarProgress, LineProgress
from mixpanel_data.cli.output.rows import print_rows
from mixpanel_data.cli.output.summary import print_summary
from mixpanel_data.exceptions import APIError, QueryError
from mixpanel_data.sandbox import Dataset, Sandbox

NAMES = {
    "a link": "\x1b]8;;https://elsewhere.example\x1b\\Paid\x1b]8;;\x1b\\",
    "the clipboard": "\x1b]52;c;cm0gLXJm\x07Paid",
    "clear the screen": "\x1b[2J\x1b[HPaid",
    "C1 sequences": "\x9b2J\x9d52;c;eA\x9cPaid",
    "title": "\x1b]0;root\x07Paid",
    "reversed": "Paid\u202etxt.exe\u202c",
    "backspaces": "Refused\b\b\b\b\b\b\bPaid",
    "returns": "Refused\rPaid",
    "delete": "Paid\x7f",
}
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

pytestmark = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def seen(text: str) -> str:
    """``text``, once nothing in it would be obeyed."""
    assert OBEYED.findall(text) == []
    assert "Paid" in text
    return text


def test_a_table_shows_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["event", name], [[name, 1]], Format.table)

    assert "\\x" in seen(capsys.readouterr().out) or "\u202e" in name


def test_json_has_them_whole_and_escaped(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for fmt in (Format.json, Format.jsonl):
        print_rows([name], [[name]], fmt)
        out = seen(capsys.readouterr().out)
        found = json.loads(out)

        assert (found[0] if fmt is Format.json else found) == {name: name}


def test_csv_has_them_as_they_came(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([name], [[name]], Format.csv)

    out = capsys.readouterr().out
    assert list(csv.reader(io.StringIO(out, newline=""))) == [[name], [name]]


def test_messages_show_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_error(QueryError(f"Unknown event {name}"))
    with warnings_to_stderr():
        run(["query", "segmentation", name, "--from", name])

    assert OBEYED.findall(capsys.readouterr().err) == []


def landed(window: Window) -> Landed:
    return Landed(
        Path("x"), "events", window, lines=3, size=1, requests=1,
        fetched_at=datetime.now(UTC), duration_seconds=1,
    )  # fmt: skip


def test_progress_shows_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    published = Published(Path("data") / name.replace("/", "_"), 1, {})
    lines, bars = LineProgress(), BarProgress()
    lines.published(published)
    lines.waiting(3.0, name)
    bars.planned(1)
    bars.building(name)
    bars.failed(APIError(name))
    bars.waiting(3.0, name)
    drawn = io.StringIO()
    console = Console(file=drawn, width=300)
    console.print(bars.display.get_renderable())
    bars.published(published)
    console.print(bars.display.get_renderable())

    seen(capsys.readouterr().err)
    seen(drawn.getvalue())


def test_the_summary_shows_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = SyncReport(warnings=[f"Mixpanel lists no event {name}"])
    report.published = Published(Path(name), 1, {name: 1})
    print_summary(report)

    seen(capsys.readouterr().err)


def test_an_event_of_that_name_is_fetched_counted_and_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day = date(2026, 3, 10)
    dataset = Dataset.empty()
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    dataset.add_event(name, noon, distinct_id="u", insert_id="1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MP_DATA_DIR", str(tmp_path / "data"))
    with Sandbox(dataset) as shop:
        for variable, value in shop.env().items():
            monkeypatch.setenv(variable, value)
        days = ["--from", str(day), "--to", str(day + timedelta(days=0))]
        codes = [run(["fetch", "events", *days])]
        statement = ["query", "sql", "SELECT event, count(*) AS n FROM events GROUP BY ALL"]
        capsys.readouterr()
        codes.append(run(statement))
        table = capsys.readouterr()
        codes.append(run([*statement, "--format", "json"]))
        rows = capsys.readouterr()

    assert codes == [0, 0, 0], table.err + rows.err
    seen(table.out)
    assert json.loads(seen(rows.out)) == [{"event": name, "n": 1}]
