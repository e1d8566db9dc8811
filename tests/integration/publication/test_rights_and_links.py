"""Promise 12: mode, owner, group and symbolic links of the published file are the user's."""

import os
from pathlib import Path

import pytest
from support.building import built, count, publish_built

from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication.check import check_published
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data.exceptions import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder.at(tmp_path / "data")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444, 0o400])
def test_promise_12_the_mode_is_kept(folder: DataFolder, mode: int) -> None:
    publish_built(folder, 1)
    folder.published.chmod(mode)

    publish_built(folder, 2)

    assert folder.published.stat().st_mode & 0o777 == mode
    assert count(folder.published) == 2


def test_a_first_file_has_the_mode_of_new_files(folder: DataFolder) -> None:
    former = os.umask(0o027)
    try:
        publish_built(folder, 1)
    finally:
        os.umask(former)

    assert folder.published.stat().st_mode & 0o777 == 0o640


def test_promise_12_owner_and_group_are_asked_for(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the file is in place, and before others may read it."""
    publish_built(folder, 1)
    was = folder.published.stat()
    asked: list[tuple[str, int, int, int]] = []

    def chown(path: Path, uid: int, gid: int) -> None:
        asked.append((path.name, uid, gid, path.stat().st_mode & 0o777))

    monkeypatch.setattr(os, "chown", chown)
    publish_built(folder, 2)

    assert asked == [
        (".mixpanel.duckdb.new", was.st_uid, -1, 0o600),
        (".mixpanel.duckdb.new", -1, was.st_gid, 0o600),
    ]


def test_a_group_that_can_not_be_kept_is_named_and_no_other_gets_its_rights(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_built(folder, 1)
    folder.published.chmod(0o664)
    stat = Path.stat

    def another_group(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        if path.name != "mixpanel.duckdb":
            return found
        return os.stat_result([*found[:5], found.st_gid + 1, *found[6:10]])

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "stat", another_group)
    monkeypatch.setattr(os, "chown", refused)
    lost = place.replace_published(_copy(folder), folder.published, folder.published)
    monkeypatch.undo()

    assert lost[-1] == f"{folder.published} could not keep its group: Operation not permitted."
    assert folder.published.stat().st_mode & 0o777 == 0o604


def _copy(folder: DataFolder) -> Path:
    new = place.create_candidate(folder.published)
    new.write_bytes(folder.published.read_bytes())
    return new


def test_promise_12_a_link_is_followed(folder: DataFolder, tmp_path: Path) -> None:
    publish_built(folder, 1)
    shared = tmp_path / "shared"
    shared.mkdir()
    real = shared / "tables.duckdb"
    folder.published.rename(real)
    real.chmod(0o640)
    (tmp_path / "link").symlink_to(real)
    folder.published.symlink_to(tmp_path / "link")

    assert check_published(folder).due is False
    publish_built(folder, 2)

    assert folder.published.readlink() == tmp_path / "link"
    assert count(real) == 2
    assert real.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in shared.iterdir()] == ["tables.duckdb"]

    real.write_bytes(b"damaged")
    found = check_published(folder)
    publish(folder)
    assert found.warning
    assert str(folder.build / "damaged" / "mixpanel.duckdb") in found.warning
    assert count(real) == 2
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("kind", ["dangling", "loop", "folder"])
def test_a_place_that_can_hold_no_file_is_refused_by_name(folder: DataFolder, kind: str) -> None:
    built(folder, 1)
    if kind == "folder":
        folder.published.mkdir()
    else:
        folder.published.symlink_to("gone" if kind == "dangling" else folder.published.name)
    expected = {
        "dangling": "is a link to gone, which does not exist",
        "loop": "is a link that leads back to itself",
        "folder": "is not a file",
    }[kind]

    for act in (check_published, publish):
        with pytest.raises(ConfigError, match=expected) as caught:
            act(folder)
        assert caught.value.details["path"] == str(folder.published)
