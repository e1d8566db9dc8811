"""/jql: the one shape of script that is understood."""

import json

import pytest

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
COUNT = """
function main() {
  return Events(params).groupBy([%s], mixpanel.reducer.count());
}
"""


def _run(project, script, params=DATES):
    data = {"script": script, "params": params if isinstance(params, str) else json.dumps(params)}
    return project.client.post("/api/query/jql", data=data)


def _counts(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return {tuple(row["key"]): row["value"] for row in answer.json()}


def test_events_are_counted_by_their_keys(sample_project, sql):
    rows = sql.execute(
        """
        select event, p->>'plan', count(*) from facts
        where day between date '2026-04-06' and date '2026-05-17' group by 1, 2
        """
    ).fetchall()

    found = _counts(_run(sample_project, COUNT % '"name", "properties.plan"'))

    assert found == {(name, plan): number for name, plan, number in rows}


def test_ids_are_those_the_events_were_sent_with(project):
    project.did("E", "2026-03-04 10:00", "U", **{"$distinct_id_before_identity": "$device:D"})
    project.did("E", "2026-03-04 11:00", "U")
    dates = {"from_date": "2026-03-04T00:00:00.000Z", "to_date": "2026-03-04"}

    assert _counts(_run(project, COUNT % '"distinct_id"', dates)) == {("$device:D",): 1, ("U",): 1}


def test_dates_may_stand_in_the_script(project):
    project.did("E", "2026-03-04 10:00")
    script = 'function main(){return Events({"from_date":"2026-03-04","to_date":"2026-03-04"})}'

    (row,) = _run(project, script, "").json()

    assert (row["name"], row["distinct_id"]) == ("E", "u")
    assert row["properties"]["time"] == row["time"] == 1_772_618_400_000


def test_users_are_listed_and_counted(project):
    project.dataset.set_profile("a", {"plan": "pro"})
    project.dataset.set_profile("b", None)

    listed = _run(project, "function main() { return People() }").json()
    by_plan = (
        'function main() { return People().groupBy(["properties.plan"], mixpanel.reducer.count()) }'
    )

    assert [row["distinct_id"] for row in listed] == ["a", "b"]
    assert _counts(_run(project, by_plan)) == {("pro",): 1, (None,): 1}


@pytest.mark.parametrize(
    "script",
    [
        "function main() { return 1 }",
        "function main() { return Events(params).filter(e => true) }",
        COUNT % '"properties"',
        "return Events(params)",
    ],
)
def test_other_scripts_are_501_and_say_why(project, script):
    answer = _run(project, script)

    assert answer.status_code == 501
    assert "maintenance mode" in answer.json()["error"]


@pytest.mark.parametrize(
    ("script", "params", "name"),
    [
        ("", DATES, "script"),
        (COUNT % '"name"', "", "from_date"),
        (COUNT % '"name"', "{from_date: 2016-01-01}", "params"),
        (COUNT % '"name"', "[]", "params"),
        (COUNT % "name", DATES, "groupBy"),
    ],
)
def test_bad_parameters_are_named(project, script, params, name):
    answer = _run(project, script, params)

    assert answer.status_code == 400
    assert name in answer.json()["error"]
