"""When all profiles are read, and when those seen of late: ``due_read``."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.ledger.records import ReadRecord, Reads
from mixpanel_data._internal.planning.profiles import due_read, last_read_time, max_pages_per_read
from mixpanel_data._internal.streams.profile_sets import (
    USERS,
    ProfileRead,
    ProfileSet,
    profile_sets,
)

NOW = datetime(2026, 3, 10, 12)
HOUR = timedelta(hours=1)
COMPANIES = ProfileSet("companies", "1234567")


def reads(
    snapshot: timedelta | None = None,
    increment: timedelta | None = None,
    of: ProfileSet = USERS,
    newest_seen: datetime | None = NOW,
) -> Reads:
    """A ledger with reads so long before ``NOW``."""
    ages = {(of.kind, of.whole): snapshot, (of.kind, of.part): increment}
    return {
        key: ReadRecord(1, NOW - age, "", newest_seen)
        for key, age in ages.items()
        if age is not None
    }


def due(known: Reads, of: ProfileSet = USERS, *, days: int = 7, full: bool = False) -> ProfileRead:
    return due_read(of, known, now=NOW, snapshot_days=days, overlap=HOUR, full=full)


def test_the_first_read_is_a_complete_snapshot():
    assert due({}) == ProfileRead(USERS)


def test_increments_without_a_snapshot_do_not_add_up_to_one():
    assert due(reads(increment=HOUR)) == ProfileRead(USERS)


def test_between_snapshots_those_seen_since_the_last_read_are_enough():
    assert due(reads(timedelta(days=6))) == ProfileRead(USERS, NOW - timedelta(days=6) - HOUR)


def test_an_increment_joins_on_to_the_one_before():
    known = reads(timedelta(days=6), increment=2 * HOUR)

    assert due(known) == ProfileRead(USERS, NOW - 2 * HOUR - HOUR)


def test_an_increment_older_than_the_snapshot_says_nothing_more():
    known = reads(HOUR, increment=timedelta(days=3))

    assert due(known) == ProfileRead(USERS, NOW - HOUR - HOUR)


def test_a_snapshot_is_due_when_the_last_one_has_the_age_that_is_set():
    assert due(reads(timedelta(days=7))) == ProfileRead(USERS)
    assert due(reads(timedelta(days=7), increment=HOUR)) == ProfileRead(USERS)
    assert due(reads(timedelta(days=2)), days=2) == ProfileRead(USERS)
    assert due(reads(timedelta(0)), days=0) == ProfileRead(USERS)


def test_one_can_be_asked_for():
    assert due(reads(HOUR), full=True) == ProfileRead(USERS)


def test_after_a_clock_ran_ahead_nothing_is_missed():
    assert due(reads(-2 * HOUR)) == ProfileRead(USERS)
    assert due(reads(HOUR, increment=-2 * HOUR)) == ProfileRead(USERS)
    assert due(reads(timedelta(days=-30))) == ProfileRead(USERS)


def test_the_filter_names_the_moment_in_seconds_without_a_zone():
    read = ProfileRead(USERS, datetime(2026, 3, 9, 22, 30, 1, 999_999))

    assert read.where == 'properties["$last_seen"] >= "2026-03-09T22:30:01"'
    assert ProfileRead(USERS).where is None


def test_groups_are_read_whole_while_none_has_a_last_seen():
    assert due(reads(HOUR, of=COMPANIES, newest_seen=None), COMPANIES) == ProfileRead(COMPANIES)
    assert due(reads(HOUR, of=COMPANIES), COMPANIES) == ProfileRead(COMPANIES, NOW - 2 * HOUR)
    assert due(reads(HOUR, newest_seen=None)) == ProfileRead(USERS, NOW - 2 * HOUR)


def test_no_set_counts_for_another():
    sets = [*profile_sets({"companies": "1", "accounts": "2"}), ProfileSet("companies", "3")]

    hashes = [each for of in sets for each in (of.whole, of.part)]

    assert hashes[0] == "all"
    assert len(set(hashes)) == len(hashes)
    assert due(reads(HOUR, of=ProfileSet("companies", "3")), COMPANIES).since is None


AGES = st.none() | st.timedeltas(timedelta(days=-20), timedelta(days=20))


@settings(deadline=None)
@given(snapshot=AGES, increment=AGES, days=st.integers(0, 10), full=st.booleans())
def test_a_read_is_a_young_snapshots_increment_or_a_snapshot(snapshot, increment, days, full):
    known = reads(snapshot, increment)

    read = due(known, days=days, full=full)

    passed = all(age is None or age >= timedelta(0) for age in (snapshot, increment))
    young = passed and snapshot is not None and snapshot < timedelta(days=days)
    assert (read.since is None) == (full or not young)
    if read.since is not None:
        last = last_read_time(USERS, known)
        assert last is not None
        assert read.since <= last - HOUR
        assert read.since <= NOW - HOUR


def test_who_waits_for_an_hour_can_read_any_number_of_pages():
    assert max_pages_per_read(60, max_wait=900) == 60
    assert (
        max_pages_per_read(60, max_wait=3600) == 60
    )  # the sixty-first may have to wait a moment longer
    assert max_pages_per_read(60, max_wait=7200) is None
