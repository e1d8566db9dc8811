"""Promise 10 for profiles: one that no parser can read costs no other's data, and is kept, counted and shown."""

import pytest
from support.project import LONG_AGO, seen_now

from mixpanel_data._internal.landing.invalid_profiles import find_invalid_profiles
from mixpanel_data.sandbox import FaultKind

HALF = "half an emoji: \ud83d"
BAD = '{"$distinct_id":"%s","$properties":{"a":1,,}}'


def rejected(project):
    return project.query(
        "SELECT table_name, raw, reason FROM mixpanel._rejected ORDER BY rejected_at"
    )


def test_promise_10_a_profile_that_can_not_be_read_costs_no_other_its_data(project, crowd):
    crowd(1500)
    project.set_raw_profile("bad", BAD.encode() % b"bad")

    report = project.read_profiles()

    assert report.failures == []
    assert project.loaded_profiles() == {
        name: it for name, it in project.served_profiles().items() if name != "bad"
    }
    assert (report.profiles, report.rejected) == (1500, 1)
    [(table, raw, reason)] = rejected(project)
    assert (table, reason) == ("profiles", "not valid JSON")
    assert raw == BAD % "bad"
    assert project.query("SELECT row_count, rejected_count FROM mixpanel._metadata") == [(1500, 1)]


def test_it_is_rejected_only_after_a_second_read_has_it_once_more(project, crowd):
    crowd(3)
    project.set_raw_profile("bad", BAD.encode() % b"bad")

    report = project.read_profiles()

    assert len(project.engage_forms()) == 2
    assert report.requests == 2
    assert project.query("SELECT requests FROM mixpanel._metadata") == [(1,)]


def test_a_profile_that_a_second_read_has_complete_is_loaded(project, crowd):
    crowd(3)
    project.set_raw_profile("u1", BAD.encode() % b"u1")
    project.break_engage(FaultKind.WRONG_CONTENT_TYPE, times=1)  # the first read sees it as it is
    project.break_engage(
        FaultKind.WRONG_CONTENT_TYPE,
        match=lambda _: project.set_profile("u1", note="mended") or True,
    )

    report = project.read_profiles()

    assert (report.failures, report.rejected) == ([], 0)
    assert project.loaded_profiles()["u1"] == {"note": "mended"}
    assert rejected(project) == []


def test_one_that_was_verified_before_is_verified_once(project, crowd):
    crowd(3)
    project.set_raw_profile("bad", BAD.encode() % b"bad")
    project.read_profiles()
    project.engage_forms()

    report = project.read_profiles(full=True)

    assert len(project.engage_forms()) == 1
    assert (report.failures, report.rejected) == ([], 1)


def test_a_bad_version_leaves_the_last_good_one_standing(project, crowd):
    crowd(3)
    project.read_profiles()
    project.set_raw_profile("u1", BAD.encode() % b"u1")
    project.remove_profile("u2")

    report = project.read_profiles(full=True)

    assert report.failures == []
    assert project.loaded_profiles() == {
        "u0": {"n": 0, "$last_seen": LONG_AGO},
        "u1": {"n": 1, "$last_seen": LONG_AGO},
    }
    assert [name for name, _, _ in project.profile_history()] == ["u2"]


def test_a_bad_one_in_an_increment_costs_the_others_nothing(project, crowd):
    crowd(3)
    project.read_profiles()
    raw = b'{"$distinct_id":"u1","$properties":{"$last_seen":"%s","a":1,,}}' % seen_now().encode()
    project.sandbox.dataset.set_profile("u1", {"$last_seen": seen_now()}, raw=raw)
    project.set_profile("u2", n="new", **{"$last_seen": seen_now()})

    report = project.read_profiles()

    assert (report.failures, report.rejected) == ([], 1)
    assert project.loaded_profiles()["u1"] == {"n": 1, "$last_seen": LONG_AGO}
    assert project.loaded_profiles()["u2"]["n"] == "new"


def test_one_that_comes_right_once_more_is_loaded(project, crowd):
    crowd(3)
    project.set_raw_profile("u1", BAD.encode() % b"u1")
    project.read_profiles()
    project.set_profile("u1", note="mended")

    project.read_profiles(full=True)

    assert project.loaded_profiles() == project.served_profiles()


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
    project, crowd, page_size
):
    for n, raw in enumerate((ODD | UNREADABLE).values()):
        name = f"first {n}"
        project.set_raw_profile(name, raw.replace(b"%s", name.encode()))
    crowd(4)
    for n, raw in enumerate((ODD | UNREADABLE).values()):
        name = f"last {n}"
        project.set_raw_profile(name, raw.replace(b"%s", name.encode()))
    good = {f"u{n}" for n in range(4)}
    odd = {f"{place} {n}" for place in ("first", "last") for n in range(len(ODD))}

    report = project.read_profiles(profiles_page_size=page_size)
    project.engage_forms()
    second = project.read_profiles(full=True, profiles_page_size=page_size)

    assert (report.failures, second.failures) == ([], [])
    table = dict(project.query("SELECT distinct_id, properties FROM mixpanel.profiles"))
    assert set(table) == good | odd
    assert (report.rejected, report.repaired) == (2 * len(UNREADABLE), 6)
    assert (second.rejected, second.repaired) == (2 * len(UNREADABLE), 6)
    assert second.requests == -(-(2 * len(ODD | UNREADABLE) + 4) // page_size)
    assert table["first 0"] == '{"a":"x\ufffd"}'
    assert table["first 1"] == '{"a":"x\\u0001y"}'
    assert table["first 2"] == '{"a":"x\ufffd"}'
    # "oops" is there twice, and is one text.
    assert len(rejected(project)) == 2 * len(UNREADABLE) + 6
    assert [name for name, _, _ in project.profile_history()] == []


def test_a_rejected_profile_whose_id_can_not_be_read_leaves_all_standing(project, crowd):
    crowd(3)
    project.read_profiles()
    project.set_raw_profile("u1", b'{oops,"$distinct_id":"u1"}')
    project.remove_profile("u2")

    project.read_profiles(full=True)

    assert set(project.loaded_profiles()) == {"u0", "u1", "u2"}


def test_a_profile_without_an_id_is_rejected(project, crowd):
    crowd(2)
    project.sandbox.dataset.set_profile(None, {"n": "no id"})  # type: ignore[arg-type]

    report = project.read_profiles()

    assert report.failures == []
    assert sorted(project.loaded_profiles()) == ["u0", "u1"]
    assert [reason for _, _, reason in rejected(project)] == ["no $distinct_id"]


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
        (b'{"$distinct_id":4,"$properties":{"a":"\\u0000","b":1e999,"c":NaN}}', "repaired"),
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


def test_a_number_that_json_does_not_have_is_null_and_the_profile_is_loaded(project):
    raw = b'{"$distinct_id":"n","$properties":{"a":NaN,"b":"NaN","c":[-Infinity,1]}}'
    project.set_raw_profile("n", raw)
    project.set_profile("u", a="Infinity")

    report = project.read_profiles(full=True)

    assert report.failures == []
    assert (report.rejected, report.repaired) == (0, 1)
    assert project.loaded_profiles() == {
        "n": {"a": None, "b": "NaN", "c": [None, 1]},
        "u": {"a": "Infinity"},
    }
    kept = project.query("SELECT raw, reason FROM mixpanel._rejected")
    assert kept == [(raw.decode(), "repaired")]
