"""The accounts file on disk: private, whole at any instant, one writer at a time, never through a link."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mixpanel_data._internal.config import ConfigManager
from mixpanel_data.exceptions import ConfigError

ADD_FIVE = """
import sys
from mixpanel_data.auth import ConfigManager
for n in range(5):
    ConfigManager(sys.argv[1]).add_account(f"{sys.argv[2]}-{n}", "u", "s", "1", "us")
"""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def add(path: Path, name: str) -> None:
    ConfigManager(path).add_account(name, "u", "s", "1", "us")


def names(path: Path) -> list[str]:
    return sorted(account.name for account in ConfigManager(path).list_accounts())


def test_promise_8_the_file_is_private_in_a_private_folder_with_any_umask(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        add(tmp_path / "mp" / "config.toml", "a")
    finally:
        os.umask(before)

    assert mode(tmp_path / "mp") == 0o700
    assert {mode(file) for file in (tmp_path / "mp").iterdir()} == {0o600}


def test_promise_8_an_edit_makes_a_shared_file_private_and_leaves_a_foreign_folder_alone(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "config.toml"
    path.touch(mode=0o644)

    with pytest.warns(UserWarning, match="chmod"):
        add(path, "a")

    assert mode(path) == 0o600
    assert mode(tmp_path) == 0o755


def test_promise_8_forty_threads_add_forty_accounts(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    wanted = sorted(f"account-{n}" for n in range(40))

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda name: add(path, name), wanted))

    assert names(path) == wanted
    assert sum(account.is_default for account in ConfigManager(path).list_accounts()) == 1


def test_promise_8_processes_add_their_accounts_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    running = [
        subprocess.Popen([sys.executable, "-c", ADD_FIVE, str(path), str(number)])
        for number in range(3)
    ]

    assert [process.wait() for process in running] == [0, 0, 0]
    assert names(path) == sorted(f"{number}-{n}" for number in range(3) for n in range(5))


def test_promise_8_a_reader_sees_the_old_file_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    add(path, "a")
    old, seen = path.read_bytes(), []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(path.read_bytes()))

    add(path, "b")

    assert seen == [old]
    assert names(path) == ["a", "b"]


def test_promise_8_a_write_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    add(path, "a")
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        add(path, "b")

    assert path.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"config.toml", "config.toml.lock"}


@pytest.mark.parametrize("linked", ["config.toml", "config.toml.lock", "."])
def test_promise_8_links_are_refused_and_their_targets_untouched(
    tmp_path: Path, linked: str
) -> None:
    target = tmp_path / "target"
    real = tmp_path / "real"
    path = tmp_path / "real" / "config.toml"
    if linked == ".":
        real.symlink_to(target, target_is_directory=True)
        target.mkdir()
    else:
        real.mkdir()
        (real / linked).symlink_to(target)
        target.write_text("theirs")

    with pytest.raises(ConfigError, match="symbolic link"):
        add(path, "a")
    with pytest.raises(ConfigError, match="symbolic link"):
        ConfigManager(path).list_accounts()

    assert list(target.iterdir()) == [] if target.is_dir() else target.read_text() == "theirs"


def test_promise_8_a_link_put_there_after_the_check_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs.toml").write_text('default = "evil"\n')
    (tmp_path / "config.toml").symlink_to(tmp_path / "theirs.toml")
    monkeypatch.setattr(Path, "is_symlink", lambda _: False)

    with pytest.raises(ConfigError, match="can't be read"):
        ConfigManager(tmp_path / "config.toml").list_accounts()


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(ConfigError, match=r"file/config\.toml can't be read: Not a directory"):
        ConfigManager(tmp_path / "file" / "config.toml").list_accounts()
