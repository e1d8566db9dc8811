"""Promise 10 for profiles: one that no parser can read costs no other's data, and is kept, counted and shown."""

import json

import pytest

from mixpanel_data._internal.inspect_profiles import inspect_profiles
from mixpanel_data.sandbox import FaultKind

from .conftest import LONG_AGO, seen_now

SURROGATE = "half an emoji: \ud83d"


def rejected(people):
    return people.query(
        "SELECT table_name, raw, reason FROM mixpanel._rejected ORDER BY rejected_at"
    )


def test_promise_10_a_profile_that_can_not_be_read_costs_no_other_its_data(people, crowd):
    crowd(1500)
    people.has("bad", note=SURROGATE)

    report = people.read()

    assert report.failures == []
    assert people.table() == {name: it for name, it in people.truth().items() if name != "bad"}
    assert (report.profiles, report.rejected) == (1500, 1)
    [(table, raw, reason)] = rejected(people)
    assert (table, reason) == ("profiles", "not valid JSON")
    assert json.loads(raw) == {"$distinct_id": "bad", "$properties": {"note": SURROGATE}}
    assert people.query("SELECT row_count, rejected_count FROM mixpanel._metadata") == [(1500, 1)]


def test_it_is_set_apart_only_after_a_second_read_brought_it_again(people, crowd):
    crowd(3)
    people.has("bad", note=SURROGATE)

    report = people.read()

    assert len(people.pages()) == 2
    assert report.requests == 2
    assert people.query("SELECT requests FROM mixpanel._metadata") == [(1,)]


def test_what_a_second_read_brings_whole_is_loaded(people, crowd):
    crowd(3)
    people.has("u1", note=SURROGATE)
    people.breaks(FaultKind.WRONG_CONTENT_TYPE, times=1)  # the first read sees it as it is
    people.breaks(
        FaultKind.WRONG_CONTENT_TYPE, match=lambda _: people.has("u1", note="mended") or True
    )

    report = people.read()

    assert (report.failures, report.rejected) == ([], 0)
    assert people.table()["u1"] == {"note": "mended"}
    assert rejected(people) == []


def test_one_that_was_proven_before_is_not_proven_anew(people, crowd):
    crowd(3)
    people.has("bad", note=SURROGATE)
    people.read()
    people.pages()

    report = people.read(full=True)

    assert len(people.pages()) == 1
    assert (report.failures, report.rejected) == ([], 1)


def test_a_bad_version_leaves_the_last_good_one_standing(people, crowd):
    crowd(3)
    people.read()
    people.has("u1", note=SURROGATE)
    people.loses("u2")

    report = people.read(full=True)

    assert report.failures == []
    assert people.table() == {
        "u0": {"n": 0, "$last_seen": LONG_AGO},
        "u1": {"n": 1, "$last_seen": LONG_AGO},
    }
    assert [name for name, _, _ in people.history()] == ["u2"]


def test_a_bad_one_in_an_increment_costs_the_others_nothing(people, crowd):
    crowd(3)
    people.read()
    people.has("u1", note=SURROGATE, **{"$last_seen": seen_now()})
    people.has("u2", n="new", **{"$last_seen": seen_now()})

    report = people.read()

    assert (report.failures, report.rejected) == ([], 1)
    assert people.table()["u1"] == {"n": 1, "$last_seen": LONG_AGO}
    assert people.table()["u2"]["n"] == "new"


def test_one_that_comes_right_again_is_loaded(people, crowd):
    crowd(3)
    people.has("u1", note=SURROGATE)
    people.read()
    people.has("u1", note="mended")

    people.read(full=True)

    assert people.table() == people.truth()


def test_a_profile_without_an_id_is_nobodys_and_kept_apart(people, crowd):
    crowd(2)
    people.sandbox.dataset.set_profile(None, {"n": "nobody"})  # type: ignore[arg-type]

    report = people.read()

    assert report.failures == []
    assert sorted(people.table()) == ["u0", "u1"]
    assert [reason for _, _, reason in rejected(people)] == ["no $distinct_id"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"$distinct_id":"u","$properties":{"a":"\\ud83d"}}', "not valid JSON"),
        (b'{"$distinct_id":"\\ud83d"}', "not valid JSON"),
        (b'{"$distinct_id":"u","$properties":{"a":"\x01"}}', "not valid JSON"),
        (b'{"$distinct_id":"u","a":"\xff"}', "not UTF-8 at byte 25"),
        (b'{"$distinct_id":null}', "no $distinct_id"),
        (b'{"$properties":{}}', "no $distinct_id"),
        (b"5", "no object"),
        (b"null", "no object"),
        (b'{"$distinct_id":"a","$distinct_id":"b"}', "a key twice"),
        (b'{"$distinct_id":"u","$properties":{},"$properties":{}}', "a key twice"),
        (b'{"$distinct_id":"","$properties":null}', None),
        (b'{"$distinct_id":4,"$properties":{"a":"\\u0000","b":1e999,"c":NaN}}', None),
        (b'{"$distinct_id":"u","$properties":{"a":1,"a":2}}', None),
    ],
)
def test_each_is_judged_alone_as_the_load_would(tmp_path, raw, reason):
    import duckdb

    from mixpanel_data._internal.profile_lines import profiles_of
    from mixpanel_data.sources.replace_profiles import _read

    [profile] = profiles_of(b'{"results":[%s]}' % raw)
    path = tmp_path / "profiles.ndjson"
    path.write_bytes(profile.line(1))

    found = [(line.raw, line.reason) for line in inspect_profiles(path)]

    assert found == ([(raw, reason)] if reason else [])
    try:
        rows = duckdb.sql(f"SELECT distinct_id, properties FROM {_read(path, 1000)}").fetchall()
        [(name, _)] = rows
    except duckdb.InvalidInputException:
        name = None
    assert (name is None) == bool(reason)
