"""`mf` over a file that is built without definitions. `marts/test_metrics.py` has the numbers of each metric."""

import csv
import math
from datetime import date
from pathlib import Path

import duckdb
import pytest
from support.marts import shop
from support.metric_queries import MetricQueries, comparable

from .conftest import Run

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="session")
def metrics(run: Run) -> Run:
    """`mf` over a project that dbt has parsed."""
    run("dbt", "parse")
    return run


@pytest.fixture(scope="session")
def queries(metrics: Run, project: Path) -> MetricQueries:
    """The same definitions, in this process."""
    return MetricQueries(project / "target")


def test_every_metric_is_valid_and_its_query_runs(metrics: Run) -> None:
    output = metrics("mf", "validate-configs")

    assert output.count("ERRORS: 0, FUTURE_ERRORS: 0") == 6
    assert "Successfully validated metrics against data warehouse" in output


def test_mf_prints_the_answers_of_its_queries(
    metrics: Run, queries: MetricQueries, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    names, by = "active_users,users,stickiness,insight_value", "metric_time__month"
    path = tmp_path / "answer.csv"
    metrics("mf", "query", "--metrics", names, "--group-by", by, "--csv", str(path))
    with path.open(newline="") as file:
        found = [
            (
                date.fromisoformat(row[by][:10]),
                *(float(row[name] or "nan") for name in names.split(",")),
            )
            for row in csv.DictReader(file)
        ]

    wanted = queries.ask(db, names, by)
    assert len(wanted) == 3
    assert [row[0] for row in sorted(found)] == [row[0] for row in wanted]
    assert [row[1:] for row in sorted(found)] == [
        pytest.approx([math.nan if number is None else number for number in row[1:]], nan_ok=True)
        for row in wanted
    ]


def test_metrics_of_what_is_not_configured_are_empty(
    queries: MetricQueries, db: duckdb.DuckDBPyConnection
) -> None:
    filled = {
        name
        for name in queries.names
        if any(value is not None for _, value in queries.ask(db, name, "metric_time__month"))
    }

    assert {"active_users", "users", "sessions", "retention_rate", "transitions"} <= filled
    prefixes = (
        *("arpu", "funnel_", "goal_", "group_", "impact_", "insight_", "mrr_", "segment_dau"),
        *("experiment_", "revenue_", "segment_funnel", "variant_"),
    )
    assert not {name for name in filled if name.startswith(prefixes)}


def test_no_metric_has_a_number_of_a_day_that_was_never_fetched(
    queries: MetricQueries, db: duckdb.DuckDBPyConnection
) -> None:
    names = "active_users,wau,mau,new_users,events,whole_days"
    by_day = queries.ask(db, names, "metric_time__day")
    by_month = queries.ask(db, "whole_days", "metric_time__month")

    assert {row[0] for row in by_day if any(row[1:])} == set(shop.DAYS)
    assert {row[0].month: row[1] for row in by_month} == {
        month: sum(day.month == month for day in shop.DAYS) for month in (2, 3, 4)
    }


def test_stickiness_of_a_month_is_its_average_day_by_the_users_of_thirty_days(
    queries: MetricQueries, db: duckdb.DuckDBPyConnection
) -> None:
    found = queries.ask(db, "dau,stickiness", "metric_time__month")

    months = db.execute(
        """
        with days as (select distinct event_date, user_id from events where user_id is not null),
        spine as (
            select unnest(generate_series(min(event_date), max(event_date), interval 1 day))::date as day
            from daily_active_users
        ),
        daily as (
            select
                day,
                case when day in (select event_date from daily_active_users where not is_partial)
                    then (select count(*) from days where event_date = day) end as dau, -- of days that are known
                (select count(distinct user_id) from days where event_date between day - 29 and day) as mau
            from spine
        )
        select date_trunc('month', day)::timestamp, avg(dau) as average, average / max_by(mau, day)
        from daily group by 1 order by 1
        """
    ).fetchall()
    assert len(months) > 1
    assert found == comparable(months)
