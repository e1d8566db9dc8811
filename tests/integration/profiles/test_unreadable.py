"""Promise 10 for profiles: one that no parser can read costs no other's data, and is kept, counted and shown."""

import pytest

from mixpanel_data._internal.landing.invalid_profiles import find_invalid_profiles
from mixpanel_data.sandbox import FaultKind

from .conftest import LONG_AGO, seen_now

HALF = "half an emoji: \ud83d"
BAD = '{"$distinct_id":"%s","$properties":{"a":1,,}}'


def rejected(people):
    return people.query(
        "SELECT table_name, raw, reason FROM mixpanel._rejected ORDER BY rejected_at"
    )


def test_promise_10_a_profile_that_can_not_be_read_costs_no_other_its_data(people, crowd):
    crowd(1500)
    people.sends("bad", BAD.encode() % b"bad")

    report = people.read()

    assert report.failures == []
    assert people.table() == {name: it for name, it in people.truth().items() if name != "bad"}
    assert (report.profiles, report.rejected) == (1500, 1)
    [(table, raw, reason)] = rejected(people)
    assert (table, reason) == ("profiles", "not valid JSON")
    assert raw == BAD % "bad"
    assert people.query("SELECT row_count, rejected_count FROM mixpanel._metadata") == [(1500, 1)]


def test_it_is_rejected_only_after_a_second_read_has_it_again(people, crowd):
    crowd(3)
    people.sends("bad", BAD.encode() % b"bad")

    report = people.read()

    assert len(people.pages()) == 2
    assert report.requests == 2
    assert people.query("SELECT requests FROM mixpanel._metadata") == [(1,)]


def test_a_profile_that_a_second_read_has_complete_is_loaded(people, crowd):
    crowd(3)
    people.sends("u1", BAD.encode() % b"u1")
    people.breaks(FaultKind.WRONG_CONTENT_TYPE, times=1)  # the first read sees it as it is
    people.breaks(
        FaultKind.WRONG_CONTENT_TYPE, match=lambda _: people.has("u1", note="mended") or True
    )

    report = people.read()

    assert (report.failures, report.rejected) == ([], 0)
    assert people.table()["u1"] == {"note": "mended"}
    assert rejected(people) == []


def test_one_that_was_verified_before_is_not_verified_again(people, crowd):
    crowd(3)
    people.sends("bad", BAD.encode() % b"bad")
    people.read()
    people.pages()

    report = people.read(full=True)

    assert len(people.pages()) == 1
    assert (report.failures, report.rejected) == ([], 1)


def test_a_bad_version_leaves_the_last_good_one_standing(people, crowd):
    crowd(3)
    people.read()
    people.sends("u1", BAD.encode() % b"u1")
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
    raw = b'{"$distinct_id":"u1","$properties":{"$last_seen":"%s","a":1,,}}' % seen_now().encode()
    people.sandbox.dataset.set_profile("u1", {"$last_seen": seen_now()}, raw=raw)
    people.has("u2", n="new", **{"$last_seen": seen_now()})

    report = people.read()

    assert (report.failures, report.rejected) == ([], 1)
    assert people.table()["u1"] == {"n": 1, "$last_seen": LONG_AGO}
    assert people.table()["u2"]["n"] == "new"


def test_one_that_comes_right_again_is_loaded(people, crowd):
    crowd(3)
    people.sends("u1", BAD.encode() % b"u1")
    people.read()
    people.has("u1", note="mended")

    people.read(full=True)

    assert people.table() == people.truth()


ODD = {
    "half an emoji": b'{"$distinct_id":"%s","$properties":{"a":"x\\ud83d"}}',
    "a raw control character": b'{"$distinct_id":"%s","$properties":{"a":"x\x01y"}}',
    "bytes that are not UTF-8": b'{"$distinct_id":"%s","$properties":{"a":"x\xff"}}',
    "an integer of 5,000 digits": b'{"$distinct_id":"%s","$properties":{"a":'
    + b"9" * 5_000
    + b"}}",
    "4,000 lists": b'{"$distinct_id":"%s","$properties":{"a":'
    + b"[" * 4_000
    + b"]" * 4_000
    + b"}}",
    "properties that are null": b'{"$distinct_id":"%s","$properties":null}',
    "a key twice": b'{"$distinct_id":"%s","$distinct_id":"not %s","$properties":{}}',
}
UNREADABLE = {
    "two commas": b'{"$distinct_id":"%s","$properties":{"a":1,,}}',
    "text behind it": b'{"$distinct_id":"%s","$properties":{}} oops',
    "an unknown escape": b'{"$distinct_id":"%s","$properties":{"a":"\\q"}}',
    "no JSON at all": b"oops",
    "4,000 lists and two commas": b'{"$distinct_id":"%s","a":'
    + b"[" * 4_000
    + b",,]" * 4_000
    + b"}",
}


@pytest.mark.parametrize("page_size", [1_000, 3])
def test_promise_15_an_odd_profile_costs_no_other_anything_wherever_it_stands(
    people, crowd, page_size
):
    for n, raw in enumerate((ODD | UNREADABLE).values()):
        name = f"first {n}"
        people.sends(name, raw.replace(b"%s", name.encode()))
    crowd(4)
    for n, raw in enumerate((ODD | UNREADABLE).values()):
        name = f"last {n}"
        people.sends(name, raw.replace(b"%s", name.encode()))
    good = {f"u{n}" for n in range(4)}
    odd = {f"{place} {n}" for place in ("first", "last") for n in range(len(ODD))}

    report = people.read(profiles_page_size=page_size)
    people.pages()
    again = people.read(full=True, profiles_page_size=page_size)

    assert (report.failures, again.failures) == ([], [])
    table = dict(people.query("SELECT distinct_id, properties FROM mixpanel.profiles"))
    assert set(table) == good | odd
    assert (report.rejected, report.repaired) == (2 * len(UNREADABLE), 6)
    assert (again.rejected, again.repaired) == (2 * len(UNREADABLE), 6)
    assert again.requests == -(-(2 * len(ODD | UNREADABLE) + 4) // page_size)
    assert table["first 0"] == '{"a":"x\ufffd"}'
    assert table["first 1"] == '{"a":"x\\u0001y"}'
    assert table["first 2"] == '{"a":"x\ufffd"}'
    # "oops" is there twice, and is one text.
    assert len(rejected(people)) == 2 * len(UNREADABLE) + 6
    assert [name for name, _, _ in people.history()] == []


def test_a_rejected_profile_whose_id_can_not_be_read_leaves_all_standing(people, crowd):
    crowd(3)
    people.read()
    people.sends("u1", b'{oops,"$distinct_id":"u1"}')
    people.loses("u2")

    people.read(full=True)

    assert set(people.table()) == {"u0", "u1", "u2"}


def test_a_profile_without_an_id_is_rejected(people, crowd):
    crowd(2)
    people.sandbox.dataset.set_profile(None, {"n": "no id"})  # type: ignore[arg-type]

    report = people.read()

    assert report.failures == []
    assert sorted(people.table()) == ["u0", "u1"]
    assert [reason for _, _, reason in rejected(people)] == ["no $distinct_id"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"$distinct_id":"u","$properties":{"a":"\\ud83d"}}', "repaired"),
        (b'{"$distinct_id":"\\ud83d"}', "repaired"),
        (b'{"$distinct_id":"u","$properties":{"a":"\x01"}}', "repaired"),
        (b'{"$distinct_id":"u","a":"\xff"}', "repaired"),
        (b'{"$distinct_id":"u","a":"\xff",,}', "not UTF-8 at byte 25"),
        (b'{"$distinct_id":"u",,}', "not valid JSON"),
        (b'{"$distinct_id":null}', "no $distinct_id"),
        (b'{"$properties":{}}', "no $distinct_id"),
        (b"5", "no object"),
        (b"null", "no object"),
        (b'{"$distinct_id":"a","$distinct_id":"b"}', None),
        (b'{"$distinct_id":"u","$properties":{},"$properties":{}}', None),
        (b'{"$distinct_id":"","$properties":null}', None),
        (b'{"$distinct_id":4,"$properties":{"a":"\\u0000","b":1e999,"c":NaN}}', None),
        (b'{"$distinct_id":"u","$properties":{"a":1,"a":2}}', None),
    ],
)
def test_each_is_judged_alone_as_the_load_would(tmp_path, raw, reason):
    import duckdb

    from mixpanel_data._internal.landing.invalid_lines import rewrite_without
    from mixpanel_data._internal.landing.profile_lines import parse_profiles
    from mixpanel_data._internal.sql.profiles import read_profile_lines

    [profile] = parse_profiles(b'{"results":[%s]}' % raw)
    path = tmp_path / "profiles.ndjson"
    path.write_bytes(profile.line(1))

    bad = find_invalid_profiles(path)

    assert [(line.raw, line.reason) for line in bad] == ([(raw, reason)] if reason else [])
    kept = rewrite_without(path, bad)
    names = duckdb.sql(f"SELECT distinct_id FROM {read_profile_lines(path, 1000)}").fetchall()
    assert len(names) == kept == (reason in (None, "repaired"))
    assert (None,) not in names
