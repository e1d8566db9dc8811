"""Complete snapshots: what they change, what they leave alone, and what goes into history."""

from datetime import timedelta

import pytest
from support.project import LONG_AGO


def test_every_profile_arrives_as_it_is(project):
    project.set_profile(
        "u1", plan="pro", Plan="Pro", big=2**70, none=None, nested={"a": [1, {"b": "\u2028\x00"}]}
    )
    project.set_profile(9007199254740993, n=1)
    project.set_profile("empty")
    project.sandbox.dataset.set_profile("bare", None)

    report = project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()
    assert (report.failures, report.profiles) == ([], 4)
    assert project.profile_reads() == [(True, 4, 0)]


def test_changed_properties_always_arrive(project, crowd):
    crowd(5)
    project.read_profiles()
    project.set_profile("u1", n="changed, without a word about it", **{"$last_seen": LONG_AGO})
    project.set_profile("u2", n=2)

    project.read_profiles(full=True)

    assert project.loaded_profiles() == project.served_profiles()
    assert project.profile_history() == [
        ("u1", {"n": 1, "$last_seen": LONG_AGO}, False),
        ("u2", {"n": 2, "$last_seen": LONG_AGO}, False),
    ]


def test_a_profile_absent_from_a_complete_snapshot_is_gone_and_kept_in_history(project, crowd):
    crowd(5)
    project.read_profiles()
    project.remove_profile("u1")

    project.read_profiles(full=True)

    assert project.loaded_profiles() == project.served_profiles()
    assert project.profile_history() == [("u1", {"n": 1, "$last_seen": LONG_AGO}, True)]
    assert project.profile_reads() == [(True, 5, 0), (True, 4, 5)]


def test_a_profile_that_comes_back_is_current_once_more(project, crowd):
    crowd(3)
    project.read_profiles()
    project.remove_profile("u1")
    project.read_profiles(full=True)
    project.set_profile("u1", n="back")

    project.read_profiles(full=True)

    assert project.loaded_profiles() == project.served_profiles()
    assert project.profile_history() == [("u1", {"n": 1, "$last_seen": LONG_AGO}, True)]
    [(ended, began)] = project.query(
        "SELECT valid_to, (SELECT valid_from FROM mixpanel.profiles WHERE distinct_id = 'u1') "
        "FROM mixpanel._profiles_history"
    )
    assert ended < began


def test_versions_follow_each_other_without_gaps(project):
    for n in range(3):
        project.set_profile("u", n=n)
        project.read_profiles(full=True)

    versions = project.query(
        "SELECT valid_from, valid_to FROM mixpanel._profiles_history "
        "UNION ALL SELECT valid_from, NULL FROM mixpanel.profiles ORDER BY valid_from"
    )
    reads = project.query("SELECT fetched_at FROM mixpanel._metadata ORDER BY 1")

    moments = [moment for (moment,) in reads]
    assert versions == list(zip(moments, [*moments[1:], None], strict=True))


def test_unchanged_profiles_cost_nothing_when_they_are_reread(project, crowd):
    crowd(50)
    project.read_profiles()
    first = project.query("SELECT *, rowid FROM mixpanel.profiles ORDER BY ALL")

    project.read_profiles(full=True)

    assert project.query("SELECT *, rowid FROM mixpanel.profiles ORDER BY ALL") == first
    assert project.profile_history() == []
    assert project.profile_reads() == [(True, 50, 0), (True, 50, 50)]


def test_the_order_of_properties_is_no_change(project):
    project.set_profile("u", a=1, b={"c": 1, "d": 2})
    project.read_profiles()
    project.set_profile("u", b={"d": 2, "c": 1}, a=1)

    project.read_profiles(full=True)

    assert project.profile_history() == []


def test_a_number_and_a_text_of_one_spelling_are_one_profile(project):
    project.sandbox.dataset._profiles[None, "4"] = _profile(4, "number")
    project.sandbox.dataset._profiles[None, "4 as text"] = _profile("4", "text")

    report = project.read_profiles()

    assert report.failures == []
    assert project.loaded_profiles() == {"4": {"kind": "text"}}  # the one that began later


def _profile(distinct_id, kind):
    from mixpanel_data.sandbox.records import Profile

    return Profile(distinct_id, {"kind": kind})


def test_a_snapshot_that_is_empty_empties_the_table(project, crowd):
    crowd(3)
    project.read_profiles()
    for n in range(3):
        project.remove_profile(f"u{n}")

    project.read_profiles(full=True)

    assert project.loaded_profiles() == {}
    assert len(project.profile_history()) == 3


def test_a_snapshot_is_repeated_when_the_last_one_is_old(project, crowd, monkeypatch):
    crowd(3)
    project.read_profiles()
    project.read_profiles()
    with monkeypatch.context() as patched:
        patched.setattr("mixpanel_data._internal.extract.profiles.due_read", _days_later(7))
        project.read_profiles()

    assert [complete for complete, _, _ in project.profile_reads()] == [True, False, True]


def _days_later(days):
    from mixpanel_data._internal.planning.profiles import due_read

    def later(of, reads, *, now, **how):
        return due_read(of, reads, now=now + timedelta(days=days), **how)

    return later


@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_pages_of_any_size_are_read_to_the_last(project, crowd, page_size):
    crowd(4)

    report = project.read_profiles(profiles_page_size=page_size)

    assert (report.failures, project.loaded_profiles()) == ([], project.served_profiles())
