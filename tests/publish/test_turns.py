"""Two files take turns, whatever happens in between. dbt is not needed to see that."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from publish.reader import holding

from mixpanel_data._internal import publish_stamp, publish_turns
from mixpanel_data._internal.data_folder import DataFolder
from mixpanel_data._internal.publish import publish
from mixpanel_data.exceptions import MixpanelDataError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.setattr(publish_turns, "SETTLED_SECONDS", 0)
    return DataFolder.at(tmp_path / "data")


def begin(folder: DataFolder, *, models: str = "these", anew: bool = False) -> bool:
    return publish_turns.prepare(folder, models, "v1.2.0", anew=anew)


def step(folder: DataFolder, events: int, *, models: str = "these") -> None:
    """One build that leaves so many events, published."""
    begin(folder, models=models)
    target = publish_turns.next_file(folder)
    with duckdb.connect(target) as db:
        db.execute(f"create or replace table events as from range({events})")
    publish_stamp.finish(target)
    publish(folder)


def count(path: Path) -> int:
    with duckdb.connect(path, read_only=True) as db:
        return len(db.execute("from events").fetchall())


def test_the_former_file_comes_back_and_catches_up(folder: DataFolder) -> None:
    step(folder, 1)
    first = folder.published.stat().st_ino
    step(folder, 2)
    second = folder.published.stat().st_ino

    assert not begin(folder)

    assert publish_turns.next_file(folder).stat().st_ino == first != second


def test_a_file_that_has_just_retired_may_still_be_copied_by_someone(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(folder, 1)
    step(folder, 2)
    first = publish_turns.retired_file(folder).stat().st_ino
    monkeypatch.setattr(publish_turns, "SETTLED_SECONDS", 600)

    begin(folder)

    assert publish_turns.retired_file(folder).stat().st_ino == first
    assert publish_turns.next_file(folder).read_bytes() != b""


def test_promise_9_a_reader_in_this_very_process_is_left_in_peace(folder: DataFolder) -> None:
    step(folder, 1)
    with duckdb.connect(folder.published, read_only=True) as held:
        for events in range(2, 6):
            step(folder, events)
        assert held.execute("select count(*) from events").fetchall() == [(1,)]


def test_other_models_or_another_format_start_empty(folder: DataFolder) -> None:
    assert begin(folder)
    assert not begin(folder)
    assert begin(folder, models="those")
    assert begin(folder, models="those", anew=True)


def test_new_models_build_everything_once_and_not_once_a_turn(folder: DataFolder) -> None:
    step(folder, 1)
    step(folder, 2)
    step(folder, 3, models="those")

    assert not begin(folder, models="those")


def test_what_is_no_database_is_replaced(folder: DataFolder) -> None:
    folder.create()
    publish_turns.next_file(folder).write_bytes(b"no database" * 1000)

    assert begin(folder)


def test_a_file_somebody_writes_is_not_waited_for(folder: DataFolder) -> None:
    """As when a killed run left its dbt behind."""
    begin(folder)
    with holding(publish_turns.next_file(folder), read_only=False):
        assert begin(folder)


def test_without_hard_links_the_published_file_is_copied(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    step(folder, 1)
    step(folder, 2)

    assert count(folder.published) == 2


def test_nothing_built_is_nothing_to_publish(folder: DataFolder) -> None:
    with pytest.raises(MixpanelDataError, match="no build"):
        publish(folder)
    begin(folder)
    with pytest.raises(MixpanelDataError, match="did not end well"):
        publish(folder)


class Killed(BaseException):
    """The process ends here."""


MORTAL = (
    (Path, "unlink"),
    (Path, "replace"),
    (Path, "hardlink_to"),
    (os, "fsync"),
    (publish_stamp, "begin"),
    (publish_stamp, "finish"),
)


def kill_at(patch: pytest.MonkeyPatch, point: int) -> None:
    """Lets the run take ``point`` steps that change a file, and die at the next."""
    left = iter(range(point))

    def mortal(act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(*arguments: Any, **more: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            return act(*arguments, **more)

        return acted

    for owner, name in MORTAL:
        patch.setattr(owner, name, mortal(getattr(owner, name)))


def test_a_run_killed_at_any_step_leaves_a_good_file_and_the_next_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_turns, "SETTLED_SECONDS", 0)
    for point in range(100):
        folder = DataFolder.at(tmp_path / str(point))
        step(folder, 1)
        step(folder, 2)
        with monkeypatch.context() as patch:
            kill_at(patch, point)
            try:
                step(folder, 3)
            except Killed:
                pass
            else:
                break

        assert count(folder.published) in (2, 3)
        step(folder, 4)
        assert count(folder.published) == 4
        step(folder, 5)
        assert count(folder.published) == 5
    assert point > 8
