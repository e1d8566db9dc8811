"""What a killed run had landed: whole it is loaded without a second request, half it never was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.project import seen_now

from mixpanel_data._internal.extract import profiles as land_profile_sets
from mixpanel_data.sandbox import FaultKind


def later(monkeypatch, **how):
    """What was landed is older by so much."""
    fresh = land_profile_sets._is_recent

    def is_recent_then(landed):
        from dataclasses import replace

        return fresh(replace(landed, fetched_at=landed.fetched_at - timedelta(**how)))

    monkeypatch.setattr(land_profile_sets, "_is_recent", is_recent_then)


def files(project) -> list[Path]:
    return [path for path in (project.folder / "landing").rglob("*") if path.is_file()]


def test_promise_2_a_landed_snapshot_is_loaded_without_a_request(project, crowd):
    crowd(2500)
    project.land_profiles()
    project.engage_forms()

    report = project.read_profiles()

    assert project.engage_forms() == []
    assert (report.failures, report.profiles, report.requests) == ([], 2500, 0)
    assert project.loaded_profiles() == project.served_profiles()
    assert files(project) == []


def test_a_landed_increment_is_loaded_without_a_request(project, crowd):
    crowd(3)
    project.read_profiles()
    project.set_profile("u1", n="new", **{"$last_seen": seen_now()})
    project.land_profiles()
    project.engage_forms()

    project.read_profiles()

    assert project.engage_forms() == []
    assert project.loaded_profiles() == project.served_profiles()


def test_a_landed_increment_does_not_stand_for_a_snapshot(project, crowd):
    crowd(3)
    project.read_profiles()
    project.land_profiles()
    project.remove_profile("u1")
    project.engage_forms()

    project.read_profiles(full=True)

    assert project.engage_forms() == [{}]
    assert project.loaded_profiles() == project.served_profiles()
    assert files(project) == []


def test_an_old_landed_snapshot_is_loaded_and_what_happened_since_is_read(
    project, crowd, monkeypatch
):
    crowd(3)
    project.land_profiles()
    project.set_profile("u1", n="new", **{"$last_seen": seen_now()})
    project.engage_forms()
    later(monkeypatch, hours=2)

    project.read_profiles()

    assert ["where" in form for form in project.engage_forms()] == [True]
    assert project.loaded_profiles() == project.served_profiles()
    assert [complete for complete, _, _ in project.profile_reads()] == [True, False]


def test_an_old_landed_increment_is_reread(project, crowd, monkeypatch):
    crowd(3)
    project.read_profiles()
    project.land_profiles()
    project.set_profile("u1", n="new", **{"$last_seen": seen_now()})
    later(monkeypatch, hours=2)

    project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()
    assert files(project) == []


def test_what_is_older_than_the_ledger_is_not_loaded_over_it(project, crowd):
    crowd(3)
    project.land_profiles()
    [note] = [path for path in files(project) if path.suffix == ".json"]
    body = note.with_suffix("")
    kept = note.read_bytes(), body.read_bytes()
    project.read_profiles()
    project.set_profile("u1", n="new", **{"$last_seen": seen_now()})
    project.read_profiles()
    note.write_bytes(kept[0])
    body.write_bytes(kept[1])

    project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()
    assert files(project) == []


def test_what_a_lost_ledger_had_is_reread_completely(project, crowd):
    crowd(3)
    project.read_profiles()
    project.land_profiles()  # an increment
    (project.folder / "raw.duckdb").unlink()

    job = project.job()
    job._start_over = True
    job.run(only="profiles", build=False)

    assert project.loaded_profiles() == project.served_profiles()


def test_an_increment_that_does_not_join_on_to_the_ledger_is_not_loaded(project, crowd):
    crowd(3)
    project.read_profiles()
    backup = (project.folder / "raw.duckdb").read_bytes()
    project.set_profile("u1", n="lost with the database", **{"$last_seen": seen_now()})
    project.read_profiles(profiles_overlap_minutes=0)
    project.land_profiles(profiles_overlap_minutes=0)  # since then
    (project.folder / "raw.duckdb").write_bytes(backup)

    project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()


def test_half_a_read_is_never_taken_for_a_whole_one(project, crowd):
    crowd(2500)
    project.break_engage(FaultKind.STATUS_500, page=2, times=None)
    project.read_profiles()
    project.sandbox.faults.clear()

    project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()
    assert files(project) == []


def test_a_group_that_is_not_configured_any_more_leaves_nothing(project, crowd):
    crowd(2)
    project.set_profile("c", group="1001", n=1)
    project.land_profiles(groups={"companies": "1001"})

    project.read_profiles()

    assert files(project) == []
    assert project.loaded_profiles("group_profiles") == {}


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
