"""Each section of the runbook, over a project in which that has gone wrong: its commands put it right."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from support import warm_dbt
from support.pages import Shell, blocks, commands

from mixpanel_data.sandbox import Dataset, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "runbook.md"
BIN = Path(sys.executable).parent
DAYS = 8
KNOWN = 6
SECRET = "the-secret-of-before"
HOLD_LOCK = """
import sys, time
from mixpanel_data.settings import DataFolder
from mixpanel_data.sync import exclusive
with exclusive(DataFolder.at(sys.argv[1])):
    print("open", flush=True)
    time.sleep(600)
"""
HOLD_RAW = """
import duckdb, sys, time
db = duckdb.connect(sys.argv[1] + "/raw.duckdb")
print("open", flush=True)
time.sleep(600)
"""
KILLED_IN_A_LOG = """
import duckdb, os, sys
db = duckdb.connect(sys.argv[1] + "/raw.duckdb")
db.execute("SET wal_autocheckpoint = '1TB'")
db.execute("CREATE TABLE last_minute AS SELECT range AS n FROM range(1000)")
os._exit(0)
"""


@dataclass
class Case:
    """A project in which something is wrong, and what its commands are typed into."""

    root: Path
    sandbox: Sandbox
    env: dict[str, str]
    pid: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    """The exit codes other than 0 that commands may end with, by the command."""

    @property
    def data(self) -> Path:
        return self.root / "shop" / "data"

    def days(self) -> list[date]:
        return self.sandbox.dataset.days()

    def follow(self, section: str) -> str:
        """Type the commands of a section; return what all of them printed."""
        shell = Shell(self.root / "shop", self.env)
        printed = []
        try:
            for line in lines(section):
                output, code = shell.run(line.replace("PID", str(self.pid)))
                printed.append(output)
                assert code == self.codes.get(line, 0), f"{line}\nended with {code}:\n{output}"
        finally:
            shell.close()
        return "\n".join(printed)

    def mp(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [BIN / "mp", *arguments],
            cwd=self.root / "shop",
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def assert_well(self, data: str = "data") -> None:
        """Every day is loaded and published as Mixpanel has it."""
        folder = self.root / "shop" / data
        with duckdb.connect(str(folder / "mixpanel.duckdb"), read_only=True) as db:
            found = dict(
                db.execute("SELECT time::DATE, count(*) FROM events GROUP BY 1").fetchall()
            )
        assert found == dict(Counter(event.day for event in self.sandbox.dataset.events()))
        assert self.mp("verify", "--data-dir", data).returncode == 0


def at(day: date, *, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def sections() -> dict[str, str]:
    """The parts of the page by their headings."""
    parts = re.split(r"^## (.+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def lines(section: str) -> list[str]:
    return [
        command.line
        for block in blocks(sections()[section])
        if block.language == "console"
        for command in commands(block.body)
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> tuple[Path, Dataset]:
    """A project that was synced up to some days ago, with a backup of then."""
    root = tmp_path_factory.mktemp("runbook")
    dataset = Dataset.empty()
    today = datetime.now(UTC).date()
    for back in range(DAYS, 0, -1):
        for n in range(5):
            dataset.add_event(
                "Bought",
                at(today - timedelta(days=back), hour=n),
                distinct_id=f"u{n}",
                insert_id=f"{back}-{n}",
                price=2.5,
            )
    with Sandbox(dataset, secret=SECRET) as sandbox:
        env = environment(root, sandbox)
        case = Case(root, sandbox, env)
        subprocess.run([BIN / "mp", "init", "shop"], cwd=root, env=env, check=True, timeout=60)
        variables = root / "shop" / "dbt_project.yml"
        text = variables.read_text("utf-8")
        changed = text.replace(
            "  mixpanel_data:\n",
            "  mixpanel_data:\n    event_properties:\n      - {name: price, alias: price, type: number}\n",
            1,
        )
        assert changed != text
        variables.write_text(changed, "utf-8")
        last = str(case.days()[KNOWN - 1])
        done = case.mp("sync", "--to", last)
        assert done.returncode == 0, done.stderr
        assert case.mp("backup", "../backup").returncode == 0
    return root, dataset


def environment(root: Path, sandbox: Sandbox) -> dict[str, str]:
    first = sandbox.dataset.days()[0]
    return {
        **sandbox.env(),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(root),
        "DO_NOT_TRACK": "1",
        "COLUMNS": "200",
        "MP_START_DATE": str(first),
        **warm_dbt.in_shells(),
    }


@pytest.fixture
def case(made: tuple[Path, Dataset], tmp_path: Path) -> Iterator[Case]:
    root = Path(shutil.copytree(made[0], tmp_path / "there", symlinks=True))
    with Sandbox(made[1].copy(), secret=SECRET) as sandbox:
        yield Case(root, sandbox, environment(root, sandbox))


@contextmanager
def running(code: str, case: Case) -> Iterator[None]:
    """A process that holds something, which the runbook ends."""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(case.data)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        case.pid = process.pid
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def test_every_section_has_a_test():
    tested = {
        found
        for text in Path(__file__).read_text("utf-8").splitlines()
        for found in re.findall(r'(?:follow|part)\("(.+?)"', text)
    }

    assert tested == set(sections())


def test_after_an_outage(case):
    case.follow("After an outage")

    case.assert_well()


def test_a_stuck_run(case):
    case.data.joinpath(".raw.duckdb.new").touch()
    with running(HOLD_LOCK, case):
        assert case.mp("sync", "--lock-wait", "0").returncode == 7
        printed = case.follow("A stuck run")

    assert str(case.pid) in printed
    case.assert_well()


def test_a_locked_database(case):
    with running(HOLD_RAW, case):
        refused = case.mp("sync")
        assert (refused.returncode, str(case.pid) in refused.stderr) == (7, True)
        case.follow("A locked database")

    case.assert_well()


def test_a_damaged_write_ahead_log(case):
    subprocess.run([sys.executable, "-c", KILLED_IN_A_LOG, str(case.data)], check=True)
    log = case.data / "raw.duckdb.wal"
    flip(log, log.stat().st_size // 2)
    assert case.mp("verify").returncode == 1

    case.follow("A damaged write-ahead log")

    case.assert_well()


def test_a_damaged_database(case):
    flip(case.data / "raw.duckdb", 12_300)
    assert case.mp("sync").returncode == 1

    case.follow("A damaged database")

    case.assert_well()


def test_rows_that_differ(case):
    with duckdb.connect(str(case.data / "raw.duckdb")) as db:
        db.execute("DELETE FROM mixpanel.events WHERE insert_id LIKE '%-3'")
    case.codes = {"mp verify --repair": 6}

    case.follow("Rows that differ from the ledger")

    case.assert_well()


def test_a_property_that_changed_its_type(case):
    case.sandbox.dataset.add_event(
        "Bought", at(case.days()[-1], hour=13), distinct_id="u", insert_id="x", price="12 EUR"
    )
    assert case.mp("sync").returncode == 0

    printed = case.follow("A property that changed its type")

    assert re.search(r"price +Bought +1 ", printed)
    with duckdb.connect(str(case.data / "mixpanel.duckdb"), read_only=True) as db:
        [(left,)] = db.execute("SELECT count(*) FROM dq_casts").fetchall()
        [(price,)] = db.execute("SELECT price FROM events WHERE insert_id = 'x'").fetchall()
    assert (left, price) == (0, "12 EUR")
    case.assert_well()


def test_a_key_that_was_rotated(case, made):
    rotated = Sandbox(made[1].copy(), secret="the-new-secret")
    (case.root / "new-secret").write_text("the-new-secret\n")
    case.env = {name: value for name, value in case.env.items() if not name.startswith("MP_")}
    case.env["MP_START_DATE"] = str(case.days()[0])
    with rotated:
        case.env["MP_API_BASE_URL"] = rotated.base_url
        subprocess.run(
            [
                *(BIN / "mp", "auth", "add", "production", "--project-id", "1234567"),
                *("--username", "sandbox.mp-service-account", "--secret-stdin"),
            ],
            env=case.env,
            input=SECRET,
            text=True,
            check=True,
        )
        assert case.mp("sync").returncode == 2

        printed = case.follow("A key that was rotated")

    assert "the-new-secret" not in printed
    case.assert_well()


def test_a_project_that_moved(case):
    assert (
        subprocess.run(
            [BIN / "mp", "sync"],
            cwd=case.data.parent,
            env={**case.env, "MP_REGION": "eu"},
            check=False,
        ).returncode
        == 3
    )

    case.follow("A project or region that moved")

    case.assert_well()
    case.assert_well("data-eu")


def test_a_full_disk(case):
    left = case.data / ".mixpanel.duckdb.new"
    left.write_bytes(b"x" * 1000)
    replaced = case.data / "raw-before-20260101T000000000000.duckdb"
    replaced.write_bytes(b"x" * 1000)

    case.follow("A full disk")

    assert not left.exists()
    assert not replaced.exists()
    case.assert_well()


def test_a_data_folder_from_a_backup_of_files(case):
    shutil.rmtree(case.data / "dlt")
    (case.data / "mixpanel.duckdb").unlink()

    case.follow("A data folder from a file system's backup")

    case.assert_well()


def test_from_nothing(case):
    shutil.rmtree(case.data)

    printed = case.follow("From nothing")

    assert "Published" in printed
    case.assert_well()
