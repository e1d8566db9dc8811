"""Metrics that `mf` knows, against SQL over the events and sessions themselves."""

import csv
from pathlib import Path

import duckdb
import pytest
from support.marts import shop

from .conftest import Run

pytestmark = pytest.mark.e2e
Table = list[tuple[str, ...]]


@pytest.fixture(scope="session")
def metrics(run: Run) -> Run:
    """`mf` over a project that dbt has parsed."""
    run("dbt", "parse")
    return run


def asked(metrics: Run, path: Path, names: str, by: str) -> Table:
    """The rows `mf query` answers with: what it is grouped by, then the metrics in order."""
    metrics("mf", "query", "--metrics", names, "--group-by", by, "--csv", str(path))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    return sorted(tuple(row[name] for name in (by, *names.split(","))) for row in rows)


def close(rows: Table, wanted: list[tuple[object, ...]]) -> None:
    """Fails unless both are the same, numbers to the last digits that adding up in another order may move."""
    assert [row[0] for row in rows] == sorted(str(row[0] or "") for row in wanted)
    by_key = {str(row[0] or ""): row[1:] for row in wanted}
    for key, *numbers in rows:
        assert [float(number or 0) for number in numbers] == pytest.approx(
            [float(str(number or 0)) for number in by_key[key]]
        ), key


def test_every_metric_is_valid_and_its_query_runs(metrics: Run) -> None:
    output = metrics("mf", "validate-configs")

    assert output.count("ERRORS: 0, FUTURE_ERRORS: 0") == 6
    assert "Successfully validated metrics against data warehouse" in output


def test_active_users_are_those_of_the_events(
    metrics: Run, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = asked(
        metrics, tmp_path / "a.csv", "active_users,wau,mau,stickiness,new_users", "metric_time__day"
    )

    close(
        [row for row in rows if row[1]],  # trailing windows have days without users
        db.execute(
            """
            with days as (select distinct event_date, user_id from events where user_id is not null),
            dates as (select distinct event_date from days)
            select
                dates.event_date::timestamp,
                count(distinct user_id) filter (days.event_date = dates.event_date) as dau,
                count(distinct user_id) filter (days.event_date > dates.event_date - 7),
                count(distinct user_id) filter (days.event_date > dates.event_date - 30) as mau,
                dau / mau,
                count(distinct user_id) filter (days.event_date = dates.event_date and not exists (
                    from days as earlier
                    where earlier.user_id = days.user_id and earlier.event_date < days.event_date
                ))
            from dates inner join days on days.event_date <= dates.event_date
            group by dates.event_date
            """
        ).fetchall(),
    )


def test_no_metric_has_a_number_of_a_day_that_was_never_fetched(
    metrics: Run, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    names = "active_users,wau,mau,new_users,events,whole_days"
    by_day = asked(metrics, tmp_path / "d.csv", names, "metric_time__day")
    by_month = asked(metrics, tmp_path / "m.csv", "whole_days", "metric_time__month")

    fetched = {day.isoformat() for day in shop.DAYS}
    assert {row[0][:10] for row in by_day if any(row[1:])} == fetched
    assert {row[0][:7]: int(row[1]) for row in by_month} == {
        month: sum(day.startswith(month) for day in fetched)
        for month in ("2026-02", "2026-03", "2026-04")
    }


def test_sessions_can_be_grouped_by_profile_properties(
    metrics: Run, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    names = "sessions,session_duration,session_seconds_median,bounce_rate,sessions_per_user"
    rows = asked(metrics, tmp_path / "s.csv", names, "user__profile_country_code")

    close(
        rows,
        db.execute(
            """
            select
                profiles.country_code, count(*), avg(duration_seconds), median(duration_seconds),
                count(*) filter (is_bounce) / count(*), count(*) / count(distinct sessions.user_id)
            from sessions left join profiles on sessions.user_id = profiles.distinct_id
            group by profiles.country_code
            """
        ).fetchall(),
    )


def test_events_and_their_ratio_to_users_are_those_of_the_events(
    metrics: Run, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = asked(metrics, tmp_path / "e.csv", "events,events_per_user", "metric_time__month")

    close(
        rows,
        db.execute(
            """
            select date_trunc('month', event_date)::timestamp, count(*), count(user_id) / count(distinct user_id)
            from events group by 1
            """
        ).fetchall(),
    )


def test_stickiness_of_a_month_is_its_average_day_by_the_users_of_thirty_days(
    metrics: Run, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = asked(metrics, tmp_path / "m.csv", "dau,stickiness", "metric_time__month")

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
    close(rows, months)


def test_retention_rates_leave_out_what_is_not_over(
    metrics: Run, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    names = "retention_rate,retention_rate_weighted"
    metrics(
        *("mf", "query", "--metrics", names, "--csv", str(tmp_path / "r.csv")),
        *("--group-by", "cohort__interval_number"),
        *("--where", "{{ Dimension('cohort__retention') }} = 'any event by day'"),
    )
    with (tmp_path / "r.csv").open(newline="") as file:
        found = {
            int(row["cohort__interval_number"]): [float(row[name]) for name in names.split(",")]
            for row in csv.DictReader(file)
            if row["retention_rate"]
        }

    wanted = {
        row[0]: list(row[1:])
        for row in db.execute(
            """
            select interval_number, sum(retained_on) / sum(cohort_size),
                sum(retained_on * cohort_size) / sum(cohort_size * cohort_size)
            from retention_cohorts where retention = 'any event by day' and is_complete group by 1
            """
        ).fetchall()
    }
    assert len(wanted) > 3
    assert found == {number: pytest.approx(rates) for number, rates in wanted.items()}
