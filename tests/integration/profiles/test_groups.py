"""Group profiles, by configuration."""

import pytest

from mixpanel_data._internal.settings import load_settings
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sandbox import FaultKind

from .conftest import LONG_AGO, seen_now

GROUPS = {"companies": "1001", "accounts": "1002"}


@pytest.fixture
def offices(people, crowd):
    crowd(3)
    for n in range(2):
        people.has(f"c{n}", group="1001", n=n)
    people.has("c0", group="1002", n="of another group")
    people.has("u1", group="1002", n="no user")


def companies(people, key="companies"):
    return people.table("group_profiles", f"group_key = '{key}'")


def test_profiles_of_each_group_are_separate(people, offices):
    report = people.read(groups=GROUPS)

    assert report.failures == []
    assert people.table() == people.truth()
    assert companies(people) == people.truth("1001")
    assert companies(people, "accounts") == people.truth("1002")
    assert [(read.group_key, read.current_rows) for read in report.profile_reads] == [
        ("", 3),
        ("companies", 2),
        ("accounts", 2),
    ]


def test_without_configuration_no_group_is_asked_for(people, offices):
    people.read()

    assert [form.get("data_group_id") for form in people.pages()] == [None]
    assert people.query("SELECT count(*) FROM mixpanel.group_profiles") == [(0,)]


def test_a_group_never_counts_as_the_users(people, offices):
    people.breaks(FaultKind.HTML_200, times=3)  # the users' read fails

    report = people.read(groups=GROUPS)

    assert [error.code for error in report.failures] == ["INCOMPLETE_EXPORT"]
    assert people.ledger().profiles is None
    assert companies(people) == people.truth("1001")
    people.pages()
    people.read(groups=GROUPS)
    assert people.pages()[0] == {}  # a complete snapshot
    assert people.table() == people.truth()


def test_a_group_that_is_gone_is_gone_and_other_groups_stay(people, offices):
    people.read(groups=GROUPS)
    people.loses("c0", group="1001")
    people.has("c1", group="1001", n="changed")

    people.read(groups=GROUPS)

    assert companies(people) == people.truth("1001")
    assert companies(people, "accounts") == people.truth("1002")
    assert people.query(
        "SELECT group_key, distinct_id, properties, is_deleted FROM mixpanel._group_profiles_history ORDER BY 2"
    ) == [("companies", "c0", '{"n":0}', True), ("companies", "c1", '{"n":1}', False)]
    assert people.history() == []


def test_groups_with_a_last_seen_are_read_by_increments_too(people):
    people.has("c0", group="1001", n=0, **{"$last_seen": LONG_AGO})
    people.has("c1", group="1001", n=1)
    people.read(groups=GROUPS)
    people.has("c0", group="1001", n="new", **{"$last_seen": seen_now()})
    people.loses("c1", group="1001")
    people.pages()

    people.read(groups=GROUPS)

    asked = [(form.get("data_group_id"), "where" in form) for form in people.pages()]
    assert asked == [(None, True), ("1001", True), ("1002", False)]
    assert companies(people)["c0"]["n"] == "new"
    assert "c1" in companies(people)


def test_another_group_under_the_same_key_is_read_from_scratch(people, offices):
    people.read(groups={"companies": "1001"})

    people.read(groups={"companies": "1002"})

    assert companies(people) == people.truth("1002")


def test_a_plan_without_groups_leaves_users_alone(people, offices):
    people.breaks(FaultKind.STATUS_402, match=lambda call: "data_group_id" in call.form, times=None)

    report = people.read(groups=GROUPS)

    assert people.table() == people.truth()
    assert (report.failures, len(report.warnings)) == ([], 2)
    assert "companies profiles" in report.warnings[0]


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("companies=1234567,accounts=89", {"companies": "1234567", "accounts": "89"}),
        (" company id = 1 , a=b=c ", {"company id": "1", "a": "b=c"}),
        ("", {}),
    ],
)
def test_groups_are_named_in_a_variable(text, groups):
    assert load_settings({"MP_GROUPS": text}).groups == groups


@pytest.mark.parametrize("text", ["companies", "companies=", "=1", "a=1,b=1"])
def test_a_group_without_its_number_is_refused(text):
    with pytest.raises(ConfigError, match="MP_GROUPS"):
        load_settings({"MP_GROUPS": text})


def test_groups_are_a_table_in_the_configuration_file(tmp_path, monkeypatch):
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(
        '[sources.mixpanel]\ngroups = {companies = "1234567", accounts = 89}\n'
    )
    monkeypatch.chdir(tmp_path)

    settings = load_settings({})

    assert settings.groups == {"companies": "1234567", "accounts": "89"}
    assert settings.origin("groups") == ".dlt/config.toml"
