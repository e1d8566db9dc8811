"""What readers do to the published file: it is replaced, the warning says what was seen, and nothing of ours changes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from support.building import begin, built, count, publish_built
from support.reader import holding

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication.build_file import prepare_build_file
from mixpanel_data._internal.publication.check import check_published
from mixpanel_data._internal.publication.publish import publish


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder.at(tmp_path / "data")
    publish_built(folder, 1000)
    return folder


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with duckdb.connect(path, read_only=True) as db:
        names = db.execute("select table_name from duckdb_tables() order by 1").fetchall()
        return {name: db.execute(f"from {name} order by all").fetchall() for (name,) in names}


CHANGES = {
    "update events set shop = 'x' where event = 'event 7'": "events has other values",
    "update events set event = null": "events has other values",
    "delete from events": "events has 0 rows, not 1,000",
    "delete from profiles": "profiles has 0 rows, not 1",
    "insert into profiles values ('u2')": "profiles has 2 rows, not 1",
    "drop table events": "table events is missing",
    "create table mine as select 1 as n": "table mine is not ours",
    "create schema s; create table s.mine as select 1 as n": "table s.mine is not ours",
    "alter table profiles add column note varchar": "profiles has other columns",
    "create view v as select 1 as n": "view v is not ours",
    "create schema s; create view s.v as select 1 as n": "schema s is not ours; view s.v is not ours",
    "create macro m(x) as x + 1": "macro m is not ours",
    "create macro rows_of(x) as table select x as n": "macro rows_of is not ours",
    "create index i on events(shop)": "index i on events is not ours",
    "create sequence n": "sequence n is not ours",
    "create type mood as enum ('good', 'bad')": "type mood is not ours",
    "comment on table events is 'theirs'": "the comment of table events differs",
    "comment on column events.shop is 'theirs'": "the comment of column events.shop differs",
    "comment on column _build.built_at is null": "the comment of column _build.built_at differs",
    "alter table events alter shop set default 'x'": "column events.shop has another definition",
    "alter table profiles alter distinct_id set not null": "column profiles.distinct_id has another definition",
    "alter table profiles add primary key (distinct_id)": "column profiles.distinct_id has another definition; "
    "table profiles has another definition",
    "alter table events alter shop type varchar[] using [shop]": "events has other columns",
    "create table mine as select 1 as n; drop table mine": "only its bytes; its content is the same",
}


@pytest.mark.parametrize("change", CHANGES)
def test_promise_12_what_others_changed_is_named_and_replaced(
    folder: DataFolder, change: str
) -> None:
    before = tables(folder.published)
    was = folder.published.stat()
    with duckdb.connect(folder.published) as db:
        db.execute(change)
    os.utime(folder.published, ns=(was.st_atime_ns, was.st_mtime_ns))  # as some tools keep it

    found = check_published(folder)
    publish(folder)

    assert found.due
    assert found.warning
    assert f"was changed by another program: {CHANGES[change]}" in found.warning
    assert tables(folder.published) == before
    assert check_published(folder).due is False


def test_promise_12_a_view_over_a_file_that_is_gone_is_named(
    folder: DataFolder, tmp_path: Path
) -> None:
    source = tmp_path / "prices.csv"
    source.write_text("price\n1\n")
    with duckdb.connect(folder.published) as db:
        db.execute(f"create view prices as from '{source}'")
    source.unlink()

    found = check_published(folder)

    assert found.warning
    assert "another program: view prices is not ours. It is replaced" in found.warning


def test_promise_12_a_trigger_is_named(tmp_path: Path) -> None:
    """Only files of storage version 2.0 can have one."""
    folder = DataFolder.at(tmp_path / "data")
    prepare_build_file(folder, "these", "v2.0.0")
    publish_built(folder, 10)
    with duckdb.connect(folder.published) as db:
        db.execute(
            "create trigger t after insert on events for each statement "
            "insert into profiles values ('u3')"
        )

    found = check_published(folder)

    assert found.warning
    assert "trigger t on events is not ours" in found.warning


def test_promise_12_many_changes_are_listed_in_part(folder: DataFolder) -> None:
    with duckdb.connect(folder.published) as db:
        db.execute("delete from profiles")
        for number in range(20):
            db.execute(f"create view view_{number:02} as select 1 as n")
        db.execute(f"create view {'x' * 10_000} as select 1 as n")

    found = check_published(folder)

    assert found.warning
    assert "profiles has 0 rows, not 1; view view_00 is not ours; " in found.warning
    assert "; and 17 more. It is replaced" in found.warning
    assert len(found.warning) < 1_000


def test_promise_12_a_long_name_is_cut(folder: DataFolder) -> None:
    with duckdb.connect(folder.published) as db:
        db.execute(f"create view {'x' * 10_000} as select 1 as n")

    found = check_published(folder)

    assert found.warning
    assert f"view {'x' * 79}… is not ours" in found.warning


def test_promise_12_bytes_changed_in_place_are_seen(folder: DataFolder) -> None:
    """Size and time of the file stay as they were."""
    was, before = folder.published.stat(), folder.published.read_bytes()
    with folder.published.open("r+b") as file:
        file.seek(len(before) - 1000)
        file.write(bytes(byte ^ 1 for byte in before[-1000:-900]))
    os.utime(folder.published, ns=(was.st_atime_ns, was.st_mtime_ns))

    assert check_published(folder).due
    publish(folder)
    assert folder.published.read_bytes() == before


def test_promise_12_what_others_changed_does_not_reach_the_next_build(folder: DataFolder) -> None:
    with duckdb.connect(folder.published) as db:
        db.execute("update events set shop = 'x'; create table mine as select 1 as n")

    assert check_published(folder).warning
    assert not begin(folder).empty
    publish_built(folder, 1001)

    assert set(tables(folder.published)) == {"_build", "events", "profiles"}
    assert {shop for _, shop in tables(folder.published)["events"]} == {"s"}


def test_only_other_rights_or_another_copy_of_the_same_bytes_are_no_change(
    folder: DataFolder,
) -> None:
    folder.published.chmod(0o640)
    assert check_published(folder) == check_published(folder)
    assert check_published(folder).due is False
    copy = folder.root / "copy"
    copy.write_bytes(folder.published.read_bytes())
    copy.replace(folder.published)
    assert check_published(folder).due is False


def test_a_file_that_is_gone_is_republished(folder: DataFolder) -> None:
    folder.published.unlink()

    found = check_published(folder)
    publish(folder)

    assert found.warning
    assert found.warning == f"{folder.published} was missing; it is republished."
    assert count(folder.published) == 1000


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        '{"digest": 1, "built_at": null}',
        '{"digest": "x", "built_at": "y", "row_groups": []}',
        '{"digest": "x", "built_at": "y", "row_groups": {"events": 5}}',
        '{"digest": "x", "built_at": "y", "identity": "z", "next_digest": {}}',
    ],
)
def test_a_damaged_record_of_the_last_publication_costs_one_more(
    folder: DataFolder, content: str
) -> None:
    (folder.build / "published.json").write_text(content)

    assert check_published(folder).due
    publish(folder)

    assert check_published(folder).due is False
    assert count(folder.published) == 1000


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "damage",
    [
        _truncated,
        lambda content: content[:100],
        lambda _: b"",
        lambda _: b"no database" * 1000,
        lambda content: content[:12288] + b"\xff" * (len(content) - 12288),
    ],
)
def test_a_damaged_file_is_kept_and_republished(
    folder: DataFolder, damage: Callable[[bytes], bytes]
) -> None:
    before = tables(folder.published)
    damaged = damage(folder.published.read_bytes())
    folder.published.write_bytes(damaged)

    found = check_published(folder)
    publish(folder)

    assert found.warning
    assert f"{folder.published} is damaged" in found.warning
    kept = folder.build / "damaged" / "mixpanel.duckdb"
    assert str(kept) in found.warning
    assert kept.read_bytes() == damaged
    assert kept.stat().st_mode & 0o077 == 0
    assert tables(folder.published) == before


def test_a_program_that_still_writes_is_named_and_not_waited_for(folder: DataFolder) -> None:
    with holding(folder.published, read_only=False):
        os.utime(folder.published)
        log = folder.published.with_name("mixpanel.duckdb.wal")
        log.write_bytes(b"something")

        found = check_published(folder)
        publish(folder)

        assert found.warning
        assert "still has it open" in found.warning
        assert not log.exists()
        assert count(folder.published) == 1000


def test_a_log_that_somebody_left_is_not_read_as_part_of_the_next_file(folder: DataFolder) -> None:
    """A program that was killed after it had written into the former file."""
    code = (
        "import os, sys, duckdb; db = duckdb.connect(sys.argv[1]);"
        "db.execute(\"insert into profiles values ('theirs')\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder.published)], check=True)
    assert folder.published.with_name("mixpanel.duckdb.wal").exists()

    found = check_published(folder)
    publish(folder)

    assert found.warning
    assert "profiles has 2 rows, not 1" in found.warning
    assert tables(folder.published)["profiles"] == [("u1",)]


def test_after_a_build_that_failed_the_warning_does_not_compare_with_half_a_build(
    folder: DataFolder,
) -> None:
    with duckdb.connect(folder.published) as db:
        db.execute("delete from profiles")
    begin(folder)

    found = check_published(folder)
    built(folder, 1001)
    publish(folder)

    assert found.warning
    assert "is unknown" in found.warning
    assert count(folder.published) == 1001
