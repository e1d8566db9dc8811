"""What a killed run had landed: whole it is loaded without asking again, half it never was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mixpanel_data._internal.extract import profiles as land_profile_sets
from mixpanel_data.sandbox import FaultKind

from .conftest import seen_now


def later(monkeypatch, **how):
    """What was landed is older by so much."""
    fresh = land_profile_sets._is_recent

    def is_recent_then(landed):
        from dataclasses import replace

        return fresh(replace(landed, fetched_at=landed.fetched_at - timedelta(**how)))

    monkeypatch.setattr(land_profile_sets, "_is_recent", is_recent_then)


def files(people) -> list[Path]:
    return [path for path in (people.folder / "landing").rglob("*") if path.is_file()]


def test_promise_2_a_landed_snapshot_is_loaded_without_asking_again(people, crowd):
    crowd(2500)
    people.landed()
    people.pages()

    report = people.read()

    assert people.pages() == []
    assert (report.failures, report.profiles, report.requests) == ([], 2500, 0)
    assert people.table() == people.truth()
    assert files(people) == []


def test_a_landed_increment_is_loaded_without_asking_again(people, crowd):
    crowd(3)
    people.read()
    people.has("u1", n="new", **{"$last_seen": seen_now()})
    people.landed()
    people.pages()

    people.read()

    assert people.pages() == []
    assert people.table() == people.truth()


def test_a_landed_increment_does_not_stand_for_a_snapshot(people, crowd):
    crowd(3)
    people.read()
    people.landed()
    people.loses("u1")
    people.pages()

    people.read(full=True)

    assert people.pages() == [{}]
    assert people.table() == people.truth()
    assert files(people) == []


def test_an_old_landed_snapshot_is_loaded_and_what_happened_since_is_read(
    people, crowd, monkeypatch
):
    crowd(3)
    people.landed()
    people.has("u1", n="new", **{"$last_seen": seen_now()})
    people.pages()
    later(monkeypatch, hours=2)

    people.read()

    assert ["where" in form for form in people.pages()] == [True]
    assert people.table() == people.truth()
    assert [complete for complete, _, _ in people.reads()] == [True, False]


def test_an_old_landed_increment_is_read_again(people, crowd, monkeypatch):
    crowd(3)
    people.read()
    people.landed()
    people.has("u1", n="new", **{"$last_seen": seen_now()})
    later(monkeypatch, hours=2)

    people.read()

    assert people.table() == people.truth()
    assert files(people) == []


def test_what_is_older_than_the_ledger_is_not_loaded_over_it(people, crowd):
    crowd(3)
    people.landed()
    [note] = [path for path in files(people) if path.suffix == ".json"]
    body = note.with_suffix("")
    kept = note.read_bytes(), body.read_bytes()
    people.read()
    people.has("u1", n="new", **{"$last_seen": seen_now()})
    people.read()
    note.write_bytes(kept[0])
    body.write_bytes(kept[1])

    people.read()

    assert people.table() == people.truth()
    assert files(people) == []


def test_what_a_lost_ledger_had_is_read_whole_again(people, crowd):
    crowd(3)
    people.read()
    people.landed()  # an increment
    (people.folder / "raw.duckdb").unlink()

    job = people.job()
    job._start_over = True
    job.run(only="profiles", build=False)

    assert people.table() == people.truth()


def test_an_increment_that_does_not_join_on_to_the_ledger_is_not_loaded(people, crowd):
    crowd(3)
    people.read()
    backup = (people.folder / "raw.duckdb").read_bytes()
    people.has("u1", n="lost with the database", **{"$last_seen": seen_now()})
    people.read(profiles_overlap_minutes=0)
    people.landed(profiles_overlap_minutes=0)  # since then
    (people.folder / "raw.duckdb").write_bytes(backup)

    people.read()

    assert people.table() == people.truth()


def test_half_a_read_is_never_taken_for_a_whole_one(people, crowd):
    crowd(2500)
    people.breaks(FaultKind.STATUS_500, page=2, times=None)
    people.read()
    people.sandbox.faults.clear()

    people.read()

    assert people.table() == people.truth()
    assert files(people) == []


def test_a_group_that_is_not_configured_any_more_leaves_nothing(people, crowd):
    crowd(2)
    people.has("c", group="1001", n=1)
    people.landed(groups={"companies": "1001"})

    people.read()

    assert files(people) == []
    assert people.table("group_profiles") == {}


@pytest.mark.parametrize("hours", [0.5, 3])
def test_a_long_read_is_as_fresh_as_its_end(hours):
    from mixpanel_data._internal.extract.profiles import _is_recent
    from mixpanel_data._internal.landing.files import Landed
    from mixpanel_data._internal.streams.windows import Window

    began = datetime.now(UTC) - timedelta(hours=10)
    day = began.date()
    landed = Landed(
        path=Path("x"), kind="profiles", window=Window(day, day), lines=1, size=1, requests=1,
        fetched_at=began, duration_seconds=(10 - hours) * 3600,
    )  # fmt: skip

    assert _is_recent(landed) == (hours < 1)
