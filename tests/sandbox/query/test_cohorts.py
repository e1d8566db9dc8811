"""/cohorts/list."""

from mixpanel_data.sandbox.saved import Cohort


def test_cohorts_of_the_sample_hold_whom_their_condition_describes(sample_project):
    profiles = [p.properties or {} for p in sample_project.dataset.profiles()]

    answer = sample_project.client.post("/api/query/cohorts/list").json()

    assert {cohort["name"]: cohort["count"] for cohort in answer} == {
        "Paying plans": sum(p.get("plan") in ("plus", "pro") for p in profiles),
        "Big spenders": sum(p.get("lifetime_value", 0) > 500 for p in profiles),
        "Never ordered": sum(not p.get("orders", 0) > 0 for p in profiles),
    }
    assert [cohort["is_visible"] for cohort in answer] == [1, 1, 0]


def test_a_cohort_is_what_it_is_now(project):
    cohort = Cohort(1, "Pro", 'properties["plan"] == "pro"', "2026-01-01 00:00:00", "Paying.")
    project.dataset.saved.cohorts.append(cohort)
    project.dataset.set_profile("u", {"plan": "free"})

    before = project.client.post("/api/query/cohorts/list").json()
    project.dataset.set_profile("u", {"plan": "pro"})
    after = project.client.post("/api/query/cohorts/list").json()

    assert [each["count"] for each in before + after] == [0, 1]
    assert after == [
        {
            "id": 1,
            "name": "Pro",
            "description": "Paying.",
            "count": 1,
            "is_visible": 1,
            "created": "2026-01-01 00:00:00",
            "project_id": 1234567,
        }
    ]


def test_it_must_be_posted(project):
    assert project.client.get("/api/query/cohorts/list").status_code == 405
