"""What is ours on disk: for its owner alone, never through a link, and not for ever."""

import os
import pickle
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mixpanel_data._internal.data_folder.dlt_folder import make_dlt_folder_private
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.data_folder.private_files import private_files, user_umask
from mixpanel_data._internal.landing.quarantine import Quarantine
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sandbox import Dataset, Sandbox

from .conftest import Run

OTHERS = 0o077


@pytest.fixture(params=[0o022, 0o000], ids=["umask 022", "umask 000"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox(Dataset.sample(days=4, users=20)) as sandbox:
        yield sandbox


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(root: Path) -> list[str]:
    return sorted(
        str(path.relative_to(root)) for path in (root, *root.rglob("*")) if mode(path) & OTHERS
    )


FOLDERS = ("build", "landing", "dlt", "budget", "answers")


@pytest.mark.parametrize("name", [".lock", ".lock-holder.json", "raw.duckdb", "workspace.duckdb"])
@pytest.mark.parametrize(
    ("make", "found"), [(Path.mkdir, "a folder"), (os.mkfifo, "something else")]
)
def test_another_thing_in_the_place_of_a_file_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], None], found: str
) -> None:
    folder = DataFolder.at(tmp_path / "data").create()
    make(folder.root / name)

    with pytest.raises(ConfigError) as caught, exclusive(folder):
        pass

    assert str(caught.value) == (
        f"{folder.root / name} must be a file, and it is {found}. "
        "Move it away or remove it, and rerun the command."
    )


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = DataFolder.at(tmp_path)
    (tmp_path / name).touch()

    with pytest.raises(ConfigError) as caught, exclusive(folder):
        pass

    assert str(caught.value) == (
        f"{tmp_path / name} must be a folder, and it is a file. "
        "Move it away or remove it, and rerun the command."
    )


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(ConfigError, match=r"is not a folder\. Name another for the data"):
        DataFolder.at(tmp_path / "data").create()


def test_a_sync_leaves_nothing_that_others_may_read(
    mp: Run, shop: Sandbox, tmp_path: Path, umask: int
) -> None:
    last = str(shop.dataset.days()[-1])
    done = mp("sync", "--from", last, "--no-build", env=shop.env())
    fetched = mp("fetch", "profiles", env=shop.env())

    assert (done.returncode, fetched.returncode) == (0, 0), done.stderr + fetched.stderr
    assert {"raw.duckdb", "workspace.duckdb"} <= {
        path.name for path in (tmp_path / "data").iterdir()
    }
    assert open_to_others(tmp_path / "data") == []


def test_a_folder_that_its_user_opened_stays_open_and_what_is_ours_in_it_is_closed(
    tmp_path: Path,
) -> None:
    folder = DataFolder.at(tmp_path / "data").create()
    folder.answers.parent.mkdir()
    for path in (folder.root, folder.landing, folder.answers.parent):
        path.chmod(0o755)
    for path in (folder.raw, folder.published, folder.answers):
        path.touch()
        path.chmod(0o644)

    with exclusive(folder):
        pass

    assert (mode(folder.root), mode(folder.published)) == (0o755, 0o644)
    assert (mode(folder.landing), mode(folder.raw)) == (0o700, 0o600)
    assert (mode(folder.answers.parent), mode(folder.answers)) == (0o700, 0o600)


def test_blocks_that_overlap_give_the_umask_back(umask: int) -> None:
    first, second = private_files(), private_files()
    first.__enter__()
    second.__enter__()
    assert user_umask() == umask
    first.__exit__(None, None, None)
    assert user_umask() == umask
    second.__exit__(None, None, None)

    assert os.umask(umask) == umask == user_umask()


LINKED = [
    "raw.duckdb", "raw.duckdb.wal", "workspace.duckdb", "build", "landing", "dlt", "budget", ".lock",
    ".lock-holder.json", "landing/us-1", "build/next.duckdb", "dlt/pipelines/mixpanel/state.json",
    "budget/us-1.sqlite", "answers", "answers/answers.sqlite", "answers/answers.sqlite-journal",
]  # fmt: skip


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("dangling", [False, True], ids=["", "dangling"])
def test_nothing_is_written_through_a_link(tmp_path: Path, name: str, dangling: bool) -> None:
    target = tmp_path / "of another"
    if not dangling:
        target.write_text("as it was")
    folder = DataFolder.at(tmp_path / "data").create()
    link = folder.root / name
    if link.is_dir():
        link.rmdir()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)

    with pytest.raises(ConfigError, match="symbolic link") as caught, exclusive(folder):
        pass

    assert str(link) in str(caught.value)
    assert target.exists() is not dangling
    assert dangling or target.read_text() == "as it was"


def test_a_command_names_the_link(mp: Run, shop: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "mine").write_text("as it was")
    (tmp_path / "data" / ".lock-holder.json").symlink_to(tmp_path / "mine")

    done = mp("sync", "--no-build", env=shop.env())

    assert (done.returncode, ".lock-holder.json is a symbolic link" in done.stderr) == (3, True)
    assert (tmp_path / "mine").read_text() == "as it was"


class Planted:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.proof,)


_AS_ANOTHER_USER = "import os; os.geteuid = lambda: 12345"
_DLT = """
import sys
from dlt._workspace.cli._dlt import _main
sys.argv = ["dlt", "pipeline", "mixpanel", "trace"]
sys.exit(_main())
"""


@pytest.mark.parametrize("rights", [0o755, 0o777])
@pytest.mark.parametrize("before", ["", _AS_ANOTHER_USER], ids=["open to others", "of another"])
def test_dlt_does_not_run_a_pickle_that_others_may_have_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rights: int, before: str
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text("[sources.mixpanel]\n")
    work = tmp_path / "data" / "dlt" / "pipelines" / "mixpanel"
    for name in ("pipelines/mixpanel", "mixpanel"):
        planted = tmp_path / "data" / "dlt" / name
        planted.mkdir(parents=True)
        (planted / "trace.pickle").write_bytes(pickle.dumps(Planted(tmp_path / "ran")))
        (planted / "state.json").write_text("{}")
    work.parents[1].chmod(rights)
    monkeypatch.setenv("MP_DATA_DIR", str(tmp_path / "data"))

    done = subprocess.run(
        [sys.executable, "-c", before + _DLT], cwd=tmp_path, capture_output=True, text=True,
        timeout=100, check=False,
    )  # fmt: skip

    assert not (tmp_path / "ran").exists(), done.stdout + done.stderr
    if before:
        assert "belongs to another user" in done.stdout + done.stderr
    else:
        assert mode(work.parents[1]) == 0o700
        assert (work / "state.json").exists()


def test_another_users_working_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataFolder.at(tmp_path / "data").create()
    monkeypatch.setattr(os, "geteuid", lambda: folder.dlt.stat().st_uid + 1)

    with pytest.raises(ConfigError, match="belongs to another user"):
        make_dlt_folder_private(folder.dlt)


def kept(folder: Path) -> list[str]:
    return sorted(path.name.split(".")[0] for path in folder.iterdir())


def test_the_quarantine_is_bounded_in_bytes_and_age(tmp_path: Path) -> None:
    folder = tmp_path / "faulty"
    quarantine = Quarantine(size=1_000, days=2)
    for n in range(6):
        (tmp_path / f"b{n}").write_bytes(b"x" * 300)
        put = quarantine.move_in(tmp_path / f"b{n}", folder, "cut gzip")
        assert put
        past = put.stat().st_mtime - timedelta(hours=60 - 10 * n).total_seconds()
        os.utime(put, (past, past))

    quarantine.trim(folder)
    assert kept(folder) == ["b3", "b4", "b5"]
    assert mode(folder) == 0o700

    (tmp_path / "huge").write_bytes(b"y" * 5_000)
    quarantine.move_in(tmp_path / "huge", folder, "line too long")
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 1_000
    assert quarantine.move_in(tmp_path / "nothing", folder, "x") is None


def test_old_bodies_go_though_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / "faulty"
    (tmp_path / "a").write_bytes(b"x")
    put = Quarantine(days=1).move_in(tmp_path / "a", folder, "x")
    assert put
    os.utime(put, (0, 0))

    Quarantine(days=1).trim(folder)

    assert kept(folder) == []
