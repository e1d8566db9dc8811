"""Mistakes in the variables of the dbt models are named before dbt starts."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from dbt.marts.test_settings import BAD

from mixpanel_data import ConfigError
from mixpanel_data._internal.project.folder import DbtProject
from mixpanel_data._internal.project.models import models_folder
from mixpanel_data._internal.project.variables import (
    INTERNAL_COLUMNS,
    Given,
    Variables,
    check,
    columns_of,
    defaults,
    read_variables,
)

FILE = Path("shop") / "dbt_project.yml"
FUNNEL = {"name": "checkout", "steps": ["Cart", "Paid"]}
METRIC = {"name": "sales", "measure": "sum", "of": {"property": "price"}}
BUYERS = {"name": "buyers", "conditions": [{"events": ["Paid"], "at_least": 2, "days": 30}]}
EVERYTHING = {
    "project_timezone": "Europe/Berlin",
    "event_properties": [{"name": "Plan", "alias": "plan", "type": "string"}],
    "profile_properties": [{"name": "Plan", "alias": "plan", "type": "string"}],
    "cohorts": [
        BUYERS,
        {
            "name": "lapsed",
            "match": "any",
            "conditions": [
                {"events": [], "where": "os is null", "exactly": 0},
                {"events": ["Cart"], "at_most": 0, "negate": True},
                {"profile": "plan = 'pro'", "negate": True},
            ],
        },
    ],
    "segments": [{"name": "s", "column": "cohort.buyers"}],
    "retentions": [
        {"name": "r", "birth_events": ["Signup"], "unit": "week", "segment": "cohort.lapsed"}
    ],
    "funnels": [
        FUNNEL | {"segment": "plan", "since": "2026-01-31", "hold_constant": ["os"]},
        {"name": "f", "steps": ["A", ["B", "C"], {"event": "D", "where": "os = 'iOS'"}]},
        {"name": "g", "steps": ["A", "B"], "since": date(2026, 1, 1), "segment_at": "last_defined"},
    ],
    "attributions": [{"name": "a", "conversion_events": ["Paid"], "touch": "plan"}],
    "experiments": [{"name": "e", "control": "a", "shares": {"a": 1, "b": 2.5}}],
    "experiment_metrics": [{"name": "m", "events": ["Paid"], "value": "plan"}],
    "impacts": [{"name": "i", "events": ["A"], "outcome_events": ["Paid"], "days": 7}],
    "signals": [{"name": "s", "goal_events": ["Paid"], "events": ["A"], "times": [1, 3]}],
    "revenue": [{"name": "sales", "events": ["Paid"], "amount": "Total $", "currency": "plan"}],
    "metrics": [
        {"name": "m", "segments": ["os", "cohort.lapsed"]},
        METRIC
        | {"units": ["hour", "month"], "segments": ["plan", {"column": "os", "buckets": [1, 2.5]}]},
        METRIC
        | {"name": "n", "measure": "p95", "per_user": "average"}
        | {"segments": [{"property": "cart", "field": "item", "list": True}]},
    ],
}


def message(values, known_events=None):
    with pytest.raises(ConfigError) as refused:
        check(Given(values, FILE), known_events)
    assert str(refused.value).startswith(f"{FILE}: ")
    return str(refused.value)


def test_every_variable_of_the_models_is_declared_and_no_other():
    assert list(Variables.model_fields) == list(defaults())
    assert check(Given({}, FILE)).model_dump() is not None


def test_what_is_right_passes():
    check(Given(EVERYTHING, FILE), lambda: ["Signup", "Cart", "Paid", "A", "B", "C", "D"])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"funels": []}, "There is no variable funels. Did you mean funnels?"),
        ({"funnels": None}, "Variable funnels: it has no value. Write [] for an empty list"),
        ({"week_start": "mon"}, "saturday, sunday. Did you mean monday?"),
        ({"session_gap_inclusive": "no"}, "Variable session_gap_inclusive: 'no' is neither true nor"),
        ({"session_timeout_minutes": 0}, "Variable session_timeout_minutes: 0 is no number from 1 up"),
        ({"project_timezone": "Europe/Berlinn"}, "no IANA time zone; did you mean Europe/Berlin?"),
        ({"hidden_events": ["a", True]}, "Variable hidden_events: ['a', True] is no list of names"),
        (
            {"funnels": [FUNNEL, {"name": "f", "steps": ["A", "B"], "segmnt": "os"}]},
            "Variable funnels, entry 2 (f): it has no segmnt, only",
        ),
        ({"funnels": [FUNNEL | {"segmnt": "os"}]}, "Did you mean segment?"),
        ({"funnels": [FUNNEL | {"window_unit": "days"}]}, "week. Did you mean day?"),
        ({"funnels": [FUNNEL | {"window": 1.5}]}, "window is 1.5, which is no whole number"),
        ({"funnels": [FUNNEL | {"since": "2026-02-30"}]}, "since is '2026-02-30', which is no date"),
        ({"funnels": [FUNNEL | {"steps": ["A", {"evnt": "B"}]}]}, "step 2: it takes event and where"),
        (
            {"segments": [{"name": "s", "column": "browsr"}]},
            "Variable segments, entry 1 (s): column is browsr, which is no column of events. Did you",
        ),
        (
            {"cohorts": [BUYERS | {"conditons": []}]},
            "Variable cohorts, entry 1 (buyers): it has no conditons, only name, description, match, conditions. Did you",
        ),
        (
            {"cohorts": [{"name": "c", "conditions": [{"event": ["Paid"]}]}]},
            "entry 1 (c), condition 1: it has no event, only events, where, at_least, at_most, exactly, days, profile, "
            "negate. Did you mean events?",
        ),
        (
            {"cohorts": [{"name": "c", "conditions": [{"days": 7}]}]},
            "entry 1 (c), condition 1: it needs either events or a profile.",
        ),
        (
            {"cohorts": [{"name": "c", "conditions": [{"profile": "a", "days": 7, "where": "b"}]}]},
            "entry 1 (c), condition 1: with a profile it takes negate only, not where, days.",
        ),
        (
            {"cohorts": [{"name": "c", "conditions": [{"events": ["A"]}, {"events": ["A"], "at_least": 0}]}]},
            "entry 1 (c), condition 2: at_least is 0, which is no number above 0.",
        ),
        (
            {"cohorts": [{"name": "c", "conditions": [{"events": "Paid"}]}]},
            "condition 1: events: 'Paid' is no list of names.",
        ),
        ({"cohorts": [{"name": "c", "conditions": ["Paid"]}]}, "1: 'Paid' is no table of keys and"),
        ({"cohorts": [BUYERS, BUYERS]}, "cohorts, entry 2: there are two of the name buyers."),
        (
            {"cohorts": [BUYERS], "funnels": [FUNNEL | {"segment": "cohort.buyrs"}]},
            "entry 1 (checkout): segment is cohort.buyrs. There is no cohort buyrs, only buyers. Did you mean buyers?",
        ),
        (
            {"metrics": [{"name": "m", "segments": ["cohort.buyers"]}]},
            "entry 1 (m): a segment is cohort.buyers. The variable cohorts has no entry.",
        ),
        (
            {"cohorts": [BUYERS], "metrics": [METRIC | {"of": "cohort.buyers"}]},
            "entry 1 (sales): of is cohort.buyers, which is no column of events.",
        ),
        (
            {
                "cohorts": [BUYERS],
                "metrics": [METRIC | {"segments": [{"column": "cohort.buyers", "borrow_days": 3}]}],
            },
            "entry 1 (sales): a segment by cohort.buyers takes no other key.",
        ),
        (
            {"cohorts": [BUYERS], "segments": [{"name": "s", "of": "users", "column": "cohort.buyers"}]},
            "entry 1 (s): column is cohort.buyers, which is no column of users.",
        ),
        ({"segments": [{"name": "s", "of": "users", "column": "stge"}]}, "of users. Did you mean st"),
        ({"funnels": [FUNNEL | {"exclude": [{"evnt": "C"}]}]}, "exclude takes event and after"),
        (
            {"funnels": [FUNNEL | {"exclude": [{"event": "A", "after": 9}]}]},
            "exclude has A after step 9, and there are",
        ),
        (
            {"funnels": [FUNNEL | {"order": "any", "reentry": "optimized"}]},
            "with order any, reentry can only be default",
        ),
        ({"retentions": [{"name": "r", "segment": "browsr"}]}, "segment is browsr, which is no column"),
        ({"retentions": [{"name": "r", "brackets": [1, 0]}]}, "brackets"),
        ({"funnels": [FUNNEL, FUNNEL]}, "entry 2: there are two of the name checkout."),
        ({"funnels": [FUNNEL | {"segment": "browsr"}]}, "no column of events. Did you mean browser?"),
        ({"funnels": [{"steps": ["A", "B"]}]}, "Variable funnels, entry 1: it needs a name."),
        ({"metrics": [METRIC | {"measure": "mean"}]}, "measure is mean, which is none of total,"),
        ({"metrics": [METRIC | {"measure": "averge"}]}, "p1 to p99. Did you mean average?"),
        ({"metrics": [{"name": "m", "measure": "sum"}]}, "entry 1 (m): sum needs of."),
        ({"metrics": [METRIC | {"measure": "total"}]}, "entry 1 (sales): total takes no of."),
        ({"metrics": [METRIC | {"measure": "unique", "per_user": "sum"}]}, "and not unique."),
        ({"metrics": [METRIC | {"of": "pric"}]}, "of is pric, which is no column of events."),
        (
            {"metrics": [METRIC | {"of": {"propety": "price"}}]},
            "entry 1 (sales), of: it takes a column or a property, and field, list, buckets and borrow_days, not {'propety': "
            "'price'}. Did you mean property?",
        ),
        (
            {"metrics": [METRIC | {"segments": ["os", {"column": "os", "bucket": [1]}]}]},
            "segment 2: it takes a column or a property, and field, list, buckets and borrow_days, not {'column': 'os', "
            "'bucket': [1]}. Did you mean buckets?",
        ),
        (
            {"metrics": [METRIC | {"segments": [{"column": "os", "buckets": [2, 1]}]}]},
            "entry 1 (sales), segment 1: buckets are numbers, each greater than the one before.",
        ),
        *(
            (
                {"metrics": [METRIC | {"segments": [{"column": "os", "buckets": buckets}]}]},
                "entry 1 (sales), segment 1: buckets of one size are {from, to, by}, where (to - from) / by is a whole "
                f"number from 1 to 1000, not {buckets}.",
            )
            for buckets in (
                {"from": 1, "to": 9},
                {"from": 1, "to": "9", "by": 2},
                {"from": 1, "to": 9, "by": 3},
                {"from": 1, "to": 9, "by": 0},
                {"from": 9, "to": 1, "by": 2},
                {"from": 0, "to": 9, "by": 0.001},
            )
        ),
        (
            {"metrics": [METRIC | {"of": {"column": "os", "field": "a"}}]},
            "entry 1 (sales), of: field needs a property, or a list.",
        ),
        (
            {"metrics": [METRIC | {"of": {"property": "a", "list": True, "borrow_days": 7}}]},
            "entry 1 (sales), of: a list can't be borrowed.",
        ),
        ({"metrics": [METRIC | {"segments": ["os", "os", "os"]}]}, "no list of one or two columns."),
        (
            {"metrics": [METRIC | {"measure": "max", "cumulative": True}]},
            "entry 1 (sales): cumulative needs a measure whose values add up: total, unique,",
        ),
        (
            {"metrics": [METRIC | {"segments": ["os"], "segment_at": "frist"}]},
            "segment_at is frist, which is none of any, first, last. Did you mean first?",
        ),
        (
            {"metrics": [METRIC | {"segment_at": "last"}]},
            "entry 1 (sales): segment_at needs segments, and none by a list.",
        ),
        ({"metrics": [METRIC | {"rolling": -1}]}, "rolling is -1, which is no number from 0 up."),
        ({"metrics": [METRIC | {"units": ["days"]}]}, "day, week, month. Did you mean day?"),
        ({"metrics": [METRIC | {"units": []}]}, "entry 1 (sales): it needs units."),
        (
            {"attributions": [{"name": "a", "conversion_events": ["P"], "touch": "utm_sourc"}]},
            "Variable attributions, entry 1 (a): touch is utm_sourc, which is no column of events. "
            "Did you mean utm_source?",
        ),
        ({"revenue": [{"name": "s", "events": ["P"]}]}, "Variable revenue, entry 1 (s): it needs amount."),
        (
            {"revenue": [{"name": "s", "events": ["P"], "amount": "x", "curency": "c"}]},
            "it has no curency, only name, events, amount, currency. Did you mean currency?",
        ),
        (
            {"event_properties": [{"name": "x", "alias": "x", "type": "decimal"}]},
            "datetime. Did you mean number?",
        ),
        (
            {"event_properties": [{"name": "x", "alias": "os", "type": "string"}]},
            "Variable event_properties, entry 1 (os): there is a column os already. Choose another alias.",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_the_nearest_right_word(values, expected):
    assert expected in message(values)


def test_all_mistakes_are_named_at_once():
    found = message({"week_start": "mon", "funnels": [FUNNEL | {"segmnt": "os"}]})

    assert "week_start" in found
    assert "segmnt" in found


@pytest.mark.parametrize(("values", "complaint"), BAD)
def test_what_dbt_alone_refuses_is_refused_for_the_same_reason(values, complaint):
    reason = re.sub(r"the type of a is", "type is", complaint.split(": ", 1)[1])

    assert reason in message(values)


def test_an_event_that_was_never_loaded_is_named_once_some_were():
    misspelt = {"funnels": [FUNNEL]}

    found = message(misspelt, lambda: ["Cart", "Payed"])

    assert "entry 1 (checkout): no event Paid was ever seen. Did you mean Payed?" in found
    check(Given(misspelt, FILE), list)


def test_events_are_not_read_when_no_definition_names_one():
    check(Given({}, FILE), lambda: pytest.fail("events were read"))


def test_no_alias_may_be_a_name_that_the_models_use_themselves():
    for variable, model in (("event_properties", "events"), ("profile_properties", "profiles")):
        source = (models_folder() / "macros" / f"{variable}.sql").read_text(encoding="utf-8")
        [names] = re.findall(rf"configured_properties\('{variable}', \[(.*?)\]", source, re.DOTALL)

        reserved = set(re.findall(r"'(\w+)'", names))
        assert reserved - {*columns_of(model)} == {*INTERNAL_COLUMNS[variable]}


def test_every_staged_column_that_is_not_published_is_an_internal_one():
    """An alias equal to one would be computed from the other column, without an error."""
    staged = {"event_properties": "events", "profile_properties": "profiles"}
    for variable, model in staged.items():
        [path] = (models_folder() / "models").rglob(f"stg_mixpanel__{model}.sql")
        select = path.read_text(encoding="utf-8").split("renamed as (")[1].split("from source")[0]
        names = re.findall(r"^ {8}(?:.*\bas )?(\w+),$|\bas (\w+)$", select, re.MULTILINE)
        staged_columns = {name for pair in names for name in pair if name}

        assert "texts" in staged_columns
        assert staged_columns - {*columns_of(model)} <= {*INTERNAL_COLUMNS[variable]}


def test_variables_of_a_project_stand_under_the_package_or_directly(tmp_path):
    project = DbtProject(tmp_path, "project folder")
    both = {"week_start": "friday", "hidden_events": ["a"], "theirs": 1}
    project.file.write_text(
        yaml.safe_dump({"vars": both | {"mixpanel_data": {"week_start": "sunday"}}})
    )

    assert read_variables(project).values == {"week_start": "sunday", "hidden_events": ["a"]}

    project.file.write_text("name: shop\nvars:\n  # nothing yet\n")
    assert read_variables(project).values == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vars: [", "is not valid YAML"),
        ("vars: 3", "vars is no table of variables"),
        ("- a", "is no dbt project"),
        ("vars:\n  mixpanel_data:\n    # nothing", "vars: mixpanel_data has no variable"),
        ("vars: {mixpanel_data: [a]}", "vars: mixpanel_data is no table"),
    ],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path, text, expected):
    project = DbtProject(tmp_path, "project folder")
    project.file.write_text(text)

    with pytest.raises(ConfigError, match=re.escape(expected)) as refused:
        read_variables(project)
    assert str(project.file) in str(refused.value)
