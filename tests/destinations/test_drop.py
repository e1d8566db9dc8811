"""`dlt pipeline … drop`, as a command in a terminal: what it drops is loaded once more."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.crash.project import ChangingProject, back

DAYS = ("--from", str(back(11)), "--to", str(back(2)))


class Dlt:
    """dlt's command in a folder, whose pipeline ``copy`` loads into a DuckDB file there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "stock.duckdb"

    def __call__(
        self, *arguments: str, answer: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The command's end; with ``answer``, its input is a terminal where this was typed."""
        env = {**os.environ, "DESTINATION__DUCKDB__CREDENTIALS": str(self.file)}
        terminal, stdin = pty.openpty() if answer else (None, subprocess.DEVNULL)
        if terminal is not None:
            os.write(terminal, f"{answer}\n".encode())
        program = Path(sys.executable).with_name("dlt")
        try:
            return subprocess.run(
                [str(program), *arguments],
                cwd=self.folder,
                env=env,
                stdin=stdin,
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            for number in (terminal, stdin):
                if number is not None and number >= 0:
                    os.close(number)

    def rows(self) -> int | None:
        """The events in the file; None without a table of them."""
        with duckdb.connect(str(self.file), read_only=True) as db:
            tables = db.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'mixpanel'"
            ).fetchall()
            if ("events",) not in tables:
                return None
            [(found,)] = db.execute("SELECT count(*) FROM mixpanel.events").fetchall()
        return int(found)


@pytest.fixture
def dlt_command(project: ChangingProject, tmp_path: Path) -> Dlt:
    """The command, after a first load."""
    made = Dlt(tmp_path)
    made("pipeline", "copy", "run", "--destination", "duckdb", *DAYS)
    return made


def test_drop_asks_first_and_the_next_run_loads_everything(project, dlt_command):
    served = sum(project.events(old=True).values())
    assert dlt_command.rows() == served

    refused = dlt_command("pipeline", "copy", "drop", "events", answer="n")
    assert "Table(s) to drop: ['events', '_metadata']" in refused.stdout
    dlt_command("pipeline", "copy", "drop", "events")  # without a terminal nobody can confirm
    assert dlt_command.rows() == served

    dlt_command("pipeline", "copy", "drop", "events", answer="y")
    assert dlt_command.rows() is None

    dlt_command("pipeline", "copy", "run", *DAYS)
    assert dlt_command.rows() == served

    dlt_command("-y", "pipeline", "copy", "drop", "events")
    assert dlt_command.rows() is None
