"""Group profiles, by configuration."""

import pytest
from support.project import LONG_AGO, seen_now

from mixpanel_data._internal.settings import load_settings
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sandbox import FaultKind

GROUPS = {"companies": "1001", "accounts": "1002"}


@pytest.fixture
def offices(project, crowd):
    crowd(3)
    for n in range(2):
        project.set_profile(f"c{n}", group="1001", n=n)
    project.set_profile("c0", group="1002", n="of another group")
    project.set_profile("u1", group="1002", n="no user")


def companies(project, key="companies"):
    return project.loaded_profiles("group_profiles", f"group_key = '{key}'")


def test_profiles_of_each_group_are_separate(project, offices):
    report = project.read_profiles(groups=GROUPS)

    assert report.failures == []
    assert project.loaded_profiles() == project.served_profiles()
    assert companies(project) == project.served_profiles("1001")
    assert companies(project, "accounts") == project.served_profiles("1002")
    assert [(read.group_key, read.current_rows) for read in report.profile_reads] == [
        ("", 3),
        ("companies", 2),
        ("accounts", 2),
    ]


def test_without_configuration_no_group_is_asked_for(project, offices):
    project.read_profiles()

    assert [form.get("data_group_id") for form in project.engage_forms()] == [None]
    assert project.query("SELECT count(*) FROM mixpanel.group_profiles") == [(0,)]


def test_a_group_never_counts_as_the_users(project, offices):
    project.break_engage(FaultKind.HTML_200, times=3)  # the users' read fails

    report = project.read_profiles(groups=GROUPS)

    assert [error.code for error in report.failures] == ["INCOMPLETE_EXPORT"]
    assert project.ledger().profiles is None
    assert companies(project) == project.served_profiles("1001")
    project.engage_forms()
    project.read_profiles(groups=GROUPS)
    assert project.engage_forms()[0] == {}  # a complete snapshot
    assert project.loaded_profiles() == project.served_profiles()


def test_a_group_that_is_gone_is_gone_and_other_groups_stay(project, offices):
    project.read_profiles(groups=GROUPS)
    project.remove_profile("c0", group="1001")
    project.set_profile("c1", group="1001", n="changed")

    project.read_profiles(groups=GROUPS)

    assert companies(project) == project.served_profiles("1001")
    assert companies(project, "accounts") == project.served_profiles("1002")
    assert project.query(
        "SELECT group_key, distinct_id, properties, is_deleted FROM mixpanel._group_profiles_history ORDER BY 2"
    ) == [("companies", "c0", '{"n":0}', True), ("companies", "c1", '{"n":1}', False)]
    assert project.profile_history() == []


def test_groups_with_a_last_seen_are_read_by_increments_too(project):
    project.set_profile("c0", group="1001", n=0, **{"$last_seen": LONG_AGO})
    project.set_profile("c1", group="1001", n=1)
    project.read_profiles(groups=GROUPS)
    project.set_profile("c0", group="1001", n="new", **{"$last_seen": seen_now()})
    project.remove_profile("c1", group="1001")
    project.engage_forms()

    project.read_profiles(groups=GROUPS)

    asked = [(form.get("data_group_id"), "where" in form) for form in project.engage_forms()]
    assert asked == [(None, True), ("1001", True), ("1002", False)]
    assert companies(project)["c0"]["n"] == "new"
    assert "c1" in companies(project)


def test_another_group_under_the_same_key_is_read_from_scratch(project, offices):
    project.read_profiles(groups={"companies": "1001"})

    project.read_profiles(groups={"companies": "1002"})

    assert companies(project) == project.served_profiles("1002")


def test_a_plan_without_groups_leaves_users_alone(project, offices):
    project.break_engage(
        FaultKind.STATUS_402, match=lambda call: "data_group_id" in call.form, times=None
    )

    report = project.read_profiles(groups=GROUPS)

    assert project.loaded_profiles() == project.served_profiles()
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
