"""``mp dashboard`` as a process, in a browser; and its export, opened from a disk without a network."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest
from support.browser import Visit, Visitor
from support.made_file import MARKUP, ODD_NAMES, full

pytestmark = pytest.mark.e2e

BOARDS = ["Company KPIs", "User lifecycle", "Feature launch", "Experiments", "Data quality"]
EVENTS = ("--sign-up", MARKUP, "--value-moment", ODD_NAMES[1], "--feature", ODD_NAMES[3])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return full(tmp_path / "data", days=30).folder


@pytest.fixture
def served(data: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The process, and its address, which is the first line that it prints."""
    command = [
        sys.executable,
        "-c",
        "import sys; from mixpanel_data.cli import main; sys.exit(main())",
    ]
    process = subprocess.Popen(
        [*command, "dashboard", "--data-dir", str(data), *EVENTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        assert address, process.communicate()
        yield process, address
    finally:
        process.terminate()
        process.communicate(timeout=30)


def complaints(visit: Visit) -> list[str]:
    """Errors, and not that images which marimo's page loads ahead are not used."""
    return [each for each in visit.complaints if "preload" not in each]


def test_it_shows_the_boards_and_the_next_publication(
    served: tuple["subprocess.Popen[str]", str], data: Path, visitor: Visitor
) -> None:
    process, address = served
    own, server = psutil.Process(process.pid), psutil.Process(process.pid).children()
    with visitor.visit(address) as visit:
        page = visit.page
        for board in BOARDS:
            page.get_by_role("tab", name=board).click(timeout=60_000)
            page.get_by_role("heading", name=board, exact=True).wait_for(timeout=60_000)
        page.get_by_role("tab", name=BOARDS[0]).click()
        page.locator("svg.marks").first.wait_for(timeout=60_000)
        title = f"Users with {MARKUP}, by day"
        assert page.get_by_role("heading", name=title, exact=True).count() == 1
        assert page.title() == "Mixpanel dashboard"
        assert page.get_by_text("30 Jun 2026, in Europe/Berlin").count() == 1

        # A sync renames another file over this one, which no reader keeps it from doing.
        following = data / "next.duckdb"
        shutil.copyfile(data / "mixpanel.duckdb", following)
        with duckdb.connect(following) as db:
            db.execute("delete from daily_active_users where event_date > '2026-06-20'")
        following.replace(data / "mixpanel.duckdb")
        page.locator("marimo-refresh button").first.click()
        page.get_by_text("20 Jun 2026, in Europe/Berlin").wait_for(timeout=60_000)

        host = address.partition("/?")[0]
        assert all(url.startswith((host, "data:", "blob:")) for url in visit.requests)
        assert complaints(visit) == []
    own.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in out + err
    assert [each.is_running() for each in server] == [False]


def test_its_export_opens_from_a_disk_without_a_network(
    data: Path, visitor: Visitor, tmp_path: Path
) -> None:
    command = [str(Path(sys.executable).with_name("mp"))]
    work = tmp_path / "work"
    work.mkdir()
    (work / "duckdb.py").write_text("raise SystemExit('a module of the current folder')")
    target = tmp_path / "board s.html"
    done = subprocess.run(
        [*command, "dashboard", "--export", str(target), "--data-dir", str(data), *EVENTS],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(target)), done.stderr

    with visitor.visit(target.as_uri(), width=390) as visit:
        visit.page.locator("svg.marks").nth(5).wait_for(timeout=60_000)
        for board in BOARDS:
            assert visit.page.get_by_role("heading", name=board, exact=True).count() == 1
        assert visit.page.title() == "Mixpanel dashboard"
        assert all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
