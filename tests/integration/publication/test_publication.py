"""A successful build becomes the file that readers open. dbt is not needed to see that."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.building import begin, built, count, publish_built
from support.reader import holding

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database import contents
from mixpanel_data._internal.publication import build_stamp, record
from mixpanel_data._internal.publication.build_file import build_file
from mixpanel_data._internal.publication.check import check_published
from mixpanel_data._internal.publication.file_copy import BLOCK, HEADERS
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data.exceptions import MixpanelDataError, StorageError


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder.at(tmp_path / "data")


def test_the_build_goes_on_from_its_own_file(folder: DataFolder) -> None:
    publish_built(folder, 1)

    assert not begin(folder).empty
    assert not build_file(folder).samefile(folder.published)


def test_other_models_or_a_full_refresh_start_empty(folder: DataFolder) -> None:
    assert begin(folder).empty
    assert not begin(folder).empty
    assert begin(folder, models="those").empty
    assert begin(folder, models="those", start_empty=True).empty


def test_a_build_file_that_a_killed_run_left_in_use_is_not_waited_for(folder: DataFolder) -> None:
    """As when dbt outlives the run for an instant."""
    begin(folder)
    with holding(build_file(folder), read_only=False):
        prepared = begin(folder)

    assert prepared.empty
    assert prepared.warning is None


@pytest.mark.parametrize("content", [b"no database" * 1000, b"", b"\0" * 5000])
def test_a_damaged_build_file_is_kept_and_named_and_replaced(
    folder: DataFolder, content: bytes
) -> None:
    folder.create()
    build_file(folder).write_bytes(content)

    prepared = begin(folder)

    assert prepared.empty
    assert prepared.warning
    assert str(build_file(folder)) in prepared.warning
    [kept] = (folder.build / "damaged").iterdir()
    assert kept.read_bytes() == content
    assert kept.stat().st_mode & 0o077 == 0
    assert not begin(folder).empty


def test_promise_9_a_reader_in_this_very_process_keeps_what_it_opened(folder: DataFolder) -> None:
    publish_built(folder, 1)
    with duckdb.connect(folder.published, read_only=True) as held:
        for events in range(2, 6):
            publish_built(folder, events)
        assert held.execute("select count(*) from events").fetchall() == [(1,)]


def test_promise_9_who_holds_the_file_to_write_into_it_blocks_nothing(folder: DataFolder) -> None:
    publish_built(folder, 1)
    with holding(folder.published, read_only=False) as writer:
        assert check_published(folder).warning is None
        publish_built(folder, 2)
        assert count(folder.published) == 2  # and others can read
        assert writer.count() == 1


def test_nothing_built_is_nothing_to_publish(folder: DataFolder) -> None:
    with pytest.raises(MixpanelDataError, match="no build"):
        publish(folder)
    begin(folder)
    with pytest.raises(MixpanelDataError, match="did not succeed"):
        publish(folder)


def flip_a_byte(path: Path, position: int) -> None:
    """Change one byte of a file."""
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0xFF]))


def blocks_of(path: Path, table: str) -> list[int]:
    """The blocks that hold the values of a table."""
    with duckdb.connect(path, read_only=True) as db:
        rows = db.execute(
            "select distinct block_id from pragma_storage_info(?) where block_id >= 0 order by 1",
            [table],
        ).fetchall()
    return [block for (block,) in rows]


@pytest.mark.parametrize("published_before", [False, True])
def test_what_can_not_be_read_back_is_not_published(
    folder: DataFolder, published_before: bool
) -> None:
    """Also when the damaged part is as old as the last publication, and no build has looked at it since."""
    if published_before:
        publish_built(folder, 200_000)
    before = folder.published.read_bytes() if published_before else None
    if not published_before:
        built(folder, 200_000)
    begin(folder)
    build_stamp.mark_built(build_file(folder))
    block = blocks_of(build_file(folder), "events")[-1]
    flip_a_byte(build_file(folder), HEADERS + block * BLOCK + 100)

    with pytest.raises(StorageError, match="can't be read back") as caught:
        publish(folder)

    assert "checksum" in str(caught.value)
    assert (folder.published.read_bytes() if published_before else None) == before
    assert not (folder.root / ".mixpanel.duckdb.new").exists()
    assert (folder.build / "damaged" / "next.duckdb").is_file()
    assert begin(folder).empty
    assert publish_built(folder, 3).tables["events"] == 3


def test_a_copy_that_is_not_what_was_built_is_not_published(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here with one value changed on the way, which no checksum shows."""
    publish_built(folder, 1)

    def changing(source: Path, target: Path) -> None:
        shutil.copyfile(source, target)
        with duckdb.connect(target) as db:
            db.execute("update events set shop = 'another' where event = 'event 1'")

    monkeypatch.setattr("mixpanel_data._internal.publication.file_copy.copy_file", changing)
    with pytest.raises(StorageError, match="events differs from the build"):
        publish_built(folder, 2)

    assert count(folder.published) == 1


def test_only_what_is_new_is_read_back(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_built(folder, 400_000)
    with duckdb.connect(build_file(folder)) as db:
        db.execute("insert into events select 'late', 's' from range(10)")
    build_stamp.mark_built(build_file(folder))
    read: dict[str, int] = {}
    sums = contents.sum_rows

    def noted(
        db: duckdb.DuckDBPyConnection, table: contents.Table, *ranges: Any
    ) -> contents.TableSum:
        found = sums(db, table, *ranges)
        read[table.name] = found.rows
        return found

    monkeypatch.setattr(contents, "sum_rows", noted)
    published = publish(folder)

    assert published.tables["events"] == 400_010
    assert read["events"] <= 122_880
    assert read["profiles"] == 0


class Killed(BaseException):
    """The process ends here."""


MORTAL = (
    (Path, "unlink"),
    (Path, "replace"),
    (os, "fsync"),
    (os, "open"),
    (os, "chown"),
    (build_stamp, "mark_building"),
    (build_stamp, "mark_built"),
    (record, "write_record"),
)


def kill_at(patch: pytest.MonkeyPatch, point: int) -> None:
    """Let the run take ``point`` steps that change a file, and die at the next."""
    left = iter(range(point))

    def mortal(act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(*arguments: Any, **more: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            return act(*arguments, **more)

        return acted

    for owner, name in MORTAL:
        patch.setattr(owner, name, mortal(getattr(owner, name)))


@pytest.mark.e2e
def test_a_run_killed_at_any_step_leaves_a_good_file_and_the_next_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = DataFolder.at(tmp_path / "made")
    publish_built(made, 2)
    for point in range(100):
        folder = DataFolder.at(shutil.copytree(made.root, tmp_path / str(point)))
        with monkeypatch.context() as patch:
            kill_at(patch, point)
            try:
                publish_built(folder, 3)
            except Killed:
                pass
            else:
                break

        assert count(folder.published) in (2, 3)
        assert check_published(folder).warning is None  # no other program changed it
        assert publish_built(folder, 4).tables["events"] == 4
        assert check_published(folder).due is False
    assert point > 8
