"""A file that caught up load by load, against one built at once."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from support.raw_file import Event, RawFile, at

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication.build_file import build_file
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data._internal.transform.build import build

pytestmark = pytest.mark.usefixtures("only_core")
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(5)]
TABLES = ("events", "profiles", "_metadata", "_rejected")


def some(day: date, *ids: str) -> list[Event]:
    noon = at(f"{day} 12:00")
    return [Event(noon, insert_id=name, properties={"from": name}) for name in ids]


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(path, read_only=True) as db:
        return {name: db.execute(f"from {name} order by all").fetchall() for name in TABLES}


def insert_ids(path: Path) -> list[object]:
    with duckdb.connect(path, read_only=True) as db:
        return [row[0] for row in db.execute("select insert_id from events order by 1").fetchall()]


def test_increments_end_where_one_full_build_does(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path / "data").create()
    raw = RawFile(folder.raw)

    raw.load({DAYS[0]: some(DAYS[0], "a", "b", "b"), DAYS[1]: some(DAYS[1], "c")})
    assert build(folder).fresh
    publish(folder)
    assert insert_ids(folder.published) == ["a", "b", "c"]

    # a look-back day gains one and loses one, another loses all, a new one comes, a killed load leaves half a day
    raw.load({DAYS[0]: some(DAYS[0], "a", "late"), DAYS[1]: [], DAYS[3]: some(DAYS[3], "d")})
    raw.load({DAYS[4]: some(DAYS[4], "half")}, committed=False)
    raw.profiles(["u1", "u2"])
    assert not build(folder).fresh
    publish(folder)
    assert insert_ids(folder.published) == ["a", "d", "late"]

    # two loads at once
    raw.load({DAYS[4]: some(DAYS[4], "e")})
    raw.profiles(["u2"])
    assert not build(folder).fresh
    publish(folder)
    increments = tables(folder.published)

    assert build(folder, full_refresh=True).fresh
    publish(folder)
    assert tables(folder.published) == increments
    assert insert_ids(folder.published) == ["a", "d", "e", "late"]


def test_promise_7_a_build_rewrites_the_events_of_days_that_changed_and_no_others(
    tmp_path: Path,
) -> None:
    folder = DataFolder.at(tmp_path / "data").create()
    raw = RawFile(folder.raw)
    raw.load({day: some(day, f"{day}") for day in DAYS})
    build(folder)
    with duckdb.connect(build_file(folder)) as db:
        db.execute("update events set processed_at = timestamp '2000-01-01'")  # a mark
    raw.load({DAYS[2]: some(DAYS[2], "new")})

    build(folder)

    with duckdb.connect(build_file(folder), read_only=True) as db:
        marked = db.execute(
            "select insert_id from events where processed_at is not null"
        ).fetchall()
    assert {name for (name,) in marked} == {str(day) for day in DAYS if day != DAYS[2]}
    assert insert_ids(build_file(folder)) == [str(day) for day in DAYS if day != DAYS[2]] + ["new"]
