"""/insights: saved reports, against SQL over the same events."""

import pytest
from support.sandbox_project import ask, running_project

from mixpanel_data.sandbox.saved import Report


def _numbers(sql, select: str, first: str, event: str) -> dict:
    rows = sql.execute(
        f"select {select} from facts where event = '{event}' and day >= date '{first}' group by 1"
    ).fetchall()
    return dict(rows)


def test_a_report_of_days(shop, sql):
    answer = ask(shop, "/insights", bookmark_id=8001)

    assert answer["headers"] == ["$event"]
    assert answer["date_range"] == {
        "from_date": "2026-05-03T00:00:00+00:00",
        "to_date": "2026-06-01T23:59:59.999000+00:00",
    }
    per_day = "strftime(day, '%Y-%m-%dT00:00:00+00:00'), count(*)"
    assert answer["series"] == {"Purchase": _numbers(sql, per_day, "2026-05-03", "Purchase")}


def test_a_report_of_users_and_weeks(shop, sql):
    answer = ask(shop, "/insights", bookmark_id=8002)

    per_week = (
        "strftime(date_trunc('week', moment), '%Y-%m-%dT00:00:00+00:00'), count(distinct who)"
    )
    assert answer["series"] == {
        event: _numbers(sql, per_week, "2026-04-07", event)
        for event in ("Product Viewed", "Purchase")
    }


def test_a_breakdown_is_one_level_more(shop, sql):
    answer = ask(shop, "/insights", bookmark_id=8003)

    assert answer["headers"] == ["$event", "payment_method"]
    totals = {
        method: sum(numbers.values()) for method, numbers in answer["series"]["Purchase"].items()
    }
    per_method = "p->>'payment_method', count(*)"
    assert totals == _numbers(sql, per_method, "2026-05-05", "Purchase")


def test_moments_carry_the_offset_of_the_project():
    with running_project(timezone="America/Los_Angeles") as project:
        project.dataset.saved.reports.append(Report(1, "R", ("E",), days=90))
        project.did("E", "2026-03-08 06:00")  # the 7th there, in winter time
        project.did("E", "2026-03-09 06:30")  # the 8th there, in summer time since that morning
        project.did("E", "2026-03-10 06:30")

        answer = ask(project.client, "/insights", bookmark_id=1)

    assert answer["series"]["E"] == {
        "2026-03-07T00:00:00-08:00": 1,
        "2026-03-08T00:00:00-08:00": 1,
        "2026-03-09T00:00:00-07:00": 1,
    }


@pytest.mark.parametrize("bookmark_id", ["1", "7001", "8101"])
def test_what_is_no_insights_report_is_a_404_in_json(shop, bookmark_id):
    answer = shop.get("/api/query/insights", params={"bookmark_id": bookmark_id})

    assert answer.status_code == 404
    assert bookmark_id in answer.json()["error"]


@pytest.mark.parametrize("bookmark_id", ["", "x"])
def test_the_report_must_be_named(sample_project, bookmark_id):
    assert "bookmark_id" in sample_project.refusal("/insights", bookmark_id=bookmark_id)
