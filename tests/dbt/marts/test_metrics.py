"""Each metric of MetricFlow against SQL over the published tables, by days, weeks, months and dimensions."""

from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from support.metric_queries import MetricQueries, comparable

pytestmark = pytest.mark.e2e


class Case(NamedTuple):
    """A query of metrics, and SQL for the same rows: what it is grouped by, then the metrics in order."""

    metrics: str
    by: str
    wanted: str
    where: str = ""


USER_EVENTS = "(from events where user_id is not null and event <> 'Hidden')"

ACTIVITY = [
    Case(
        "whole_days",
        "metric_time__month",
        "select date_trunc('month', event_date), count(*) filter (not is_partial) from days group by 1",
    ),
    *(
        Case(
            "active_users,new_users,events_of_users,events_per_user",
            f"metric_time__{unit}",
            f"""
            with user_periods as (
                select user_id, date_trunc('{unit}', event_date) as period, count(*) as events
                from {USER_EVENTS} group by all
            ),
            firsts as (select user_id, min(period) as first_period from user_periods group by 1)
            select period, count(*), count(*) filter (period = first_period), sum(events),
                sum(events) / count(*)
            from user_periods inner join firsts using (user_id) group by 1
            """,
        )
        for unit in ("day", "week", "month")
    ),
    Case(
        "active_users",
        "user_day__is_first_day",
        f"""
        select event_date = first_date, count(distinct user_id)
        from {USER_EVENTS} inner join users using (user_id) group by 1
        """,
    ),
    Case(
        "events",
        "event_day__event,metric_time__month",
        "select event, date_trunc('month', event_date), count(*) from events group by 1, 2",
    ),
    Case(
        "dau",
        "metric_time__month",
        "select date_trunc('month', event_date), avg(dau) from daily_active_users group by 1",
    ),
    Case(
        "wau,mau,stickiness",
        "metric_time__day",
        "select event_date, wau, mau, stickiness from daily_active_users",
    ),
    *(
        Case(
            "segment_dau,segment_wau,segment_mau,segment_stickiness,segment_new_users",
            f"segment_day__dimension,segment_day__segment,metric_time__{unit}",
            f"""
            with periods as (
                select dimension, segment, date_trunc('{unit}', event_date) as period,
                    sum(new_users) as new_users
                from active_users_by_segment group by all
            ),
            lasts as (
                select dimension, segment, date_trunc('{unit}', event_date) as period, dau, wau, mau
                from active_users_by_segment
                qualify event_date = max(event_date) over (partition by period)
            )
            select dimension, segment, period, dau, wau, mau, dau / mau, new_users
            from periods left join lasts using (dimension, segment, period)
            """,
        )
        for unit in ("day", "month")
    ),
    *(
        Case(
            "cohort_members,joined_members,left_members",
            f"cohort_day__name,metric_time__{unit}",
            f"""
            select cohort, date_trunc('{unit}', event_date) as period,
                arg_max_null(members, event_date), sum(joined_members),
                sum(left_members)
            from cohort_days group by all
            """,
        )
        for unit in ("day", "week", "month")
    ),
    *(
        Case(
            "lifecycle_new_users,lifecycle_retained_users,lifecycle_resurrected_users,"
            "lifecycle_dormant_users",
            f"metric_time__{unit}",
            f"""
            select period_start, new_users, retained_users, resurrected_users, dormant_users
            from lifecycle where period = '{unit}'
            """,
            f"lifecycle_period__period = '{unit}'",
        )
        for unit in ("day", "week", "month")
    ),
    Case(
        "lifecycle_new_users,lifecycle_retained_users,lifecycle_resurrected_users,"
        "lifecycle_dormant_users",
        "metric_time__month",
        """
        select date_trunc('month', period_start), avg(new_users), avg(retained_users),
            avg(resurrected_users), avg(dormant_users)
        from lifecycle where period = 'week' group by 1
        """,
        "lifecycle_period__period = 'week'",
    ),
    Case(
        "segment_dau,segment_wau,segment_mau,segment_new_users",
        "segment_day__dimension,metric_time__day",
        """
        select dimension, event_date, sum(dau), sum(wau), sum(mau), sum(new_users)
        from active_users_by_segment group by all
        """,
    ),
    Case(
        "frequency_users",
        "metric_time__week,use__frequency",
        """
        select period, days, count(*) from (
            select date_trunc('week', event_date) as period, user_id, count(*) as days
            from user_activity group by 1, 2
        ) group by 1, 2
        """,
        "use__unit = 'week' and use__event is null",
    ),
    Case(
        "frequency_users",
        "metric_time__month",
        """
        select month, count(*) from (
            select date_trunc('month', event_date) as month, user_id from user_days
            where event = 'Search' and user_id is not null group by all having count(*) >= 2
        ) group by 1
        """,
        "use__unit = 'month' and use__event = 'Search' and use__frequency >= 2",
    ),
    Case(
        "frequency_times,frequency_average",
        "metric_time__month",
        """
        select date_trunc('month', event_date) as month, count(*), count(*) / count(distinct user_id)
        from user_activity group by 1
        """,
        "use__unit = 'month' and use__event is null",
    ),
]

SESSIONS = [
    Case(
        "sessions,session_users,session_seconds,session_seconds_median,session_duration,"
        "sessions_per_user,bounces,bounce_rate",
        f"{by},metric_time__{unit}",
        f"""
        select {column}, date_trunc('{unit}', session_date) as period, count(*) as all_sessions,
            count(distinct user_id) as people, sum(duration_seconds), median(duration_seconds),
            avg(duration_seconds), all_sessions / nullif(people, 0), count(*) filter (is_bounce),
            count(*) filter (is_bounce) / all_sessions
        from sessions left join users using (user_id)
        left join profiles on sessions.user_id = profiles.distinct_id
        group by 1, 2
        """,
    )
    for by, column, unit in (
        ("session__utm_source", "utm_source", "month"),
        ("user__stage", "stage", "week"),
        ("user__profile_country_code", "profiles.country_code", "day"),
    )
] + [
    Case(
        "transitions,transition_seconds,event_pairs,transition_seconds_average",
        "transition__event,transition__next_event",
        """
        with pairs as (
            select session_id, event, lead(event) over sessions as next_event,
                lead(time) over sessions - time as time
            from events where session_id is not null
            window sessions as (partition by session_id order by time, event_key)
        ),
        all_pairs as (
            select event, next_event, epoch_us(time) / 1e6 as seconds from pairs
            union all
            select null, origin_start, null from sessions
        )
        select event, next_event, count(*), sum(seconds), nullif(count(seconds), 0), avg(seconds)
        from all_pairs group by all
        """,
    ),
    Case(
        "path_sessions",
        "path__step_1,metric_time__month",
        "select origin_start, date_trunc('month', session_date), count(*) from sessions group by all",
    ),
]

USERS = [
    Case(
        "users,l7,l28,user_revenue,user_currencies,revenue_per_user",
        by,
        f"""
        select {column}, count(*), avg(active_days_7d) filter (active_days_7d > 0),
            avg(active_days_28d) filter (active_days_28d > 0), sum(revenue),
            count(distinct revenue_currency) + max((revenue is null)::int) as currencies,
            case when currencies <= 1 then sum(revenue) / count(*) end
        from users group by 1
        """,
    )
    for by, column in (
        ("user__stage", "stage"),
        ("user__activity_level", "activity_level"),
        ("user__first_utm_source", "first_utm_source"),
        ("user__active_days_7d", "active_days_7d"),
        ("metric_time__day", "first_date"),
    )
] + [
    Case(
        "active_users,users",
        "user__first_utm_source",
        """
        select first_utm_source, nullif(count(event_count) filter (event_count > 0), 0), count(*)
        from users group by 1
        """,
    ),
]

RETENTION = [
    Case(
        "cohort_users,retained_users,retained_users_on_or_after,retention_value,"
        "retained_users_by_size,cohort_users_by_size",
        "cohort__retention,cohort__interval_number,metric_time__month",
        """
        select retention, interval_number, date_trunc('month', cohort_start), sum(cohort_size),
            sum(retained_on), sum(retained_on_or_after), sum(value_on_or_before),
            sum(retained_on * cohort_size), sum(cohort_size * cohort_size)
        from retention_cohorts where segment is null group by all
        """,
    ),
    Case(
        "retention_value",
        "cohort__retention",
        """
        select retention, sum(value_on_or_before) from retention_cohorts where segment is null
        group by 1
        """,
    ),
    Case(
        "retention_rate,retention_rate_weighted",
        "cohort__retention,cohort__interval_number",
        """
        select retention, interval_number, rate_on_pooled, rate_on_weighted
        from retention_averages where segment is null and users > 0
        """,
    ),
    Case(
        "retention_rate_on_or_after,retention_value_per_user",
        "cohort__retention,cohort__interval_number",
        """
        select retention, interval_number, sum(retained_on_or_after) / sum(cohort_size),
            sum(value_on_or_before) / sum(cohort_size)
        from retention_cohorts where segment is null and is_complete group by all
        """,
    ),
    Case(
        "segment_cohort_users,segment_retained_users,segment_retention_value",
        "cohort__retention,cohort__segment,cohort__interval_number",
        """
        select retention, segment, interval_number, sum(cohort_size), sum(retained_on),
            sum(value_on_or_before)
        from retention_cohorts where segment is not null group by all
        """,
    ),
    Case(
        "segment_retention_rate,segment_retention_value_per_user",
        "cohort__retention,cohort__segment,cohort__interval_number",
        """
        select retention, segment, interval_number, sum(retained_on) / sum(cohort_size),
            sum(value_on_or_before) / sum(cohort_size)
        from retention_cohorts where segment is not null and is_complete group by all
        """,
    ),
]

ATTEMPTS = "(from funnel_attempts where segment is null)"

FUNNELS = [
    Case(
        "funnel_entries,funnel_reached,funnel_conversion,funnel_value",
        f"funnel_step__funnel,funnel_step__step_number,metric_time__{unit}",
        f"""
        select funnel, step, date_trunc('{unit}', entry_date), count(*),
            count(*) filter (steps_reached >= step) as reached, reached / count(*),
            sum(step_values[step]) filter (steps_reached >= step)
        from {ATTEMPTS}, range(1, 4) as steps (step)
        where step <= 2 or funnel not in ('repeated', 'in a session') group by all
        """,
    )
    for unit in ("day", "week", "month")
] + [
    Case(
        "segment_funnel_entries,segment_funnel_reached,segment_funnel_conversion",
        "funnel_step__funnel,funnel_step__segment,funnel_step__step_number",
        """
        select funnel, segment, step_number, sum(entries), sum(reached), sum(reached) / sum(entries)
        from funnels where segment is not null group by all
        """,
    ),
    Case(
        "funnel_attempts,funnel_conversions,conversion_rate",
        "attempt__funnel,user__first_utm_source,metric_time__month",
        f"""
        select funnel, first_utm_source, date_trunc('month', entry_date), count(*),
            count(*) filter (is_converted) as converted, converted / count(*)
        from {ATTEMPTS} inner join users using (user_id) group by all
        """,
    ),
    Case(
        "conversion_seconds,conversion_seconds_average,conversion_seconds_median",
        "attempt__funnel",
        f"""
        select funnel, sum(seconds), avg(seconds), median(seconds) from (
            select funnel, case when is_converted
                then epoch(step_times[steps_reached]) - epoch(step_times[1]) end as seconds
            from {ATTEMPTS}
        ) group by funnel
        """,
    ),
    Case(
        "conversion_seconds_median",
        "attempt__funnel,metric_time__day",
        """
        select funnel, entry_date, arg_max(median_seconds_from_first, step_number)
        from funnels where segment is null
        and step_number = case when funnel in ('repeated', 'in a session') then 2 else 3 end
        group by all
        """,
    ),
]

INSIGHTS = [
    Case(
        "insight_value,insight_rows",
        "insight__metric,insight__unit,insight__segment_1,insight__segment_2,metric_time__day",
        """
        select metric, unit, segment_1, segment_2, date_trunc('day', period_start),
            case when count(*) = 1 then sum(value) end, count(*)
        from insights group by all
        """,
    ),
    Case(
        "insight_sum,insight_value",
        "metric_time__month",
        """
        select date_trunc('month', event_date), count(*), null from events
        where event <> 'Hidden' group by 1
        """,
        "insight__metric = 'events' and insight__unit = 'day' and insight__segment_1 is null",
    ),
]

REVENUE = [
    Case(
        "revenue_amount,revenue_of_users,payers",
        "payment__revenue,payment__currency,metric_time__month",
        """
        select revenue, currency, date_trunc('month', event_date), sum(amount),
            sum(amount) filter (user_id is not null), count(distinct user_id) filter (amount > 0)
        from user_revenue_days group by all
        """,
    ),
    *(
        Case(
            "period_user_amount,period_paying_users,period_active_users,arpu,arppu",
            f"revenue_period__revenue,revenue_period__currency,metric_time__{unit}",
            f"""
            select revenue, currency, period_start, user_amount, paying_users, active_users,
                arpu, arppu
            from revenue_periods where unit = '{unit}'
            """,
            f"revenue_period__unit = '{unit}'",
        )
        for unit in ("day", "week", "month")
    ),
    Case(
        "period_user_amount,period_paying_users,period_active_users,arpu,arppu",
        "revenue_period__revenue,revenue_period__currency,metric_time__quarter",
        """
        select revenue, currency, date_trunc('quarter', period_start), sum(user_amount),
            sum(paying_users), sum(active_users), sum(user_amount) / sum(active_users),
            sum(user_amount) / nullif(sum(paying_users), 0)
        from revenue_periods where unit = 'day' group by all
        """,
        "revenue_period__unit = 'day'",
    ),
    Case(
        "mrr_opening,mrr_new,mrr_reactivation,mrr_upgrade,mrr_downgrade,mrr_churn,mrr_churn_rate",
        "revenue_month__revenue",
        """
        select revenue, sum(opening_amount) as opening, sum(new_amount), sum(reactivation_amount),
            sum(upgrade_amount), sum(downgrade_amount), sum(churn_amount),
            sum(downgrade_amount + churn_amount) / opening
        from revenue_movements group by 1
        """,
    ),
    Case(
        "revenue_cohort_amount,revenue_cohort_users",
        "revenue_cohort__revenue,revenue_cohort__currency,revenue_cohort__month_number",
        """
        select revenue, currency, month_number, sum(amount_so_far), sum(cohort_size)
        from revenue_cohorts group by all
        """,
    ),
    Case(
        "mrr_opening,mrr_new,mrr_reactivation,mrr_upgrade,mrr_downgrade,mrr_churn,"
        "net_revenue_retention,mrr_churn_rate",
        "revenue_month__revenue,revenue_month__currency,metric_time__month",
        """
        select revenue, currency, month_start, opening_amount, new_amount, reactivation_amount,
            upgrade_amount, downgrade_amount, churn_amount, net_retention_rate, churn_rate
        from revenue_movements
        """,
    ),
    *(
        Case(
            "mrr_new_users,mrr_reactivation_users,mrr_upgrade_users,mrr_downgrade_users,mrr_churn_users,"
            "mrr_flat_users",
            f"revenue_month__revenue,revenue_month__currency,metric_time__{unit}",
            f"""
            select revenue, currency, date_trunc('{unit}', month_start), sum(new_users),
                sum(reactivation_users), sum(upgrade_users), sum(downgrade_users), sum(churn_users),
                sum(flat_users)
            from revenue_movements group by all
            """,
        )
        for unit in ("month", "quarter")
    ),
]

GROUPS = [
    *(
        Case(
            "active_groups,group_events",
            f"group_day__group_key,metric_time__{unit}",
            f"""
            select group_key, date_trunc('{unit}', event_date), count(distinct group_id),
                sum(event_count)
            from group_user_days where event <> 'Hidden' group by all
            """,
        )
        for unit in ("day", "week", "month")
    ),
    Case(
        "active_groups",
        "metric_time__month",
        """
        select period_start, any_value(period_groups) from active_groups
        where unit = 'month' and event is null group by 1
        """,
    ),
    Case(
        "groups_by_users",
        "group_use__user_count,metric_time__week",
        """
        select users, period, count(*) from (
            select group_id, date_trunc('week', event_date) as period, count(distinct user_id) as users
            from group_user_days where event <> 'Hidden' group by all
        ) group by all
        """,
        "group_use__unit = 'week' and group_use__event is null",
    ),
    Case(
        "groups_by_users",
        "group_use__unit,group_use__event",
        "select unit, event, sum(groups) from active_groups group by all",
    ),
    Case(
        "cohort_groups,retained_groups",
        "group_cohort__unit,group_cohort__interval_number",
        """
        select unit, interval_number, sum(cohort_size), sum(retained)
        from group_retention group by all
        """,
    ),
]

EXPERIMENTS = [
    Case(
        "exposed_users",
        "exposure__experiment,exposure__variant",
        "select experiment, variant, users from experiment_variants where users > 0",
    ),
    Case(
        "exposed_users",
        "metric_time__week,user__activity_level",
        """
        select date_trunc('week', exposed_date), activity_level, count(distinct user_id)
        from experiment_exposures inner join users using (user_id) group by all
        """,
    ),
    Case(
        "variant_users,variant_total,variant_mean,expected_total,experiment_lift",
        "result__experiment,result__metric,result__measure,result__variant",
        """
        select experiment, metric, measure, variant, users, total, mean,
            case when not is_control then control_mean * users end, lift
        from experiment_results
        """,
    ),
    Case(
        "variant_users,variant_total,expected_total",
        "result__experiment",
        """
        select experiment, sum(users), sum(total), sum(control_mean * users) filter (not is_control)
        from experiment_results group by 1
        """,
    ),
    Case(
        "users_with,goal_users_with,users_without,goal_users_without,goal_rate_with",
        "signal__times",
        """
        select times, sum(users_with), sum(goal_users_with), sum(users_without),
            sum(goal_users_without), sum(goal_users_with) / sum(users_with)
        from signals group by 1
        """,
    ),
    Case(
        "impact_users,impact_events_before,impact_events_after,impact_lift",
        "impact__name",
        """
        select impact, compared_users, mean_before * compared_users, mean_after * compared_users, lift
        from impacts
        """,
    ),
    Case(
        "users_with,goal_users_with,users_without,goal_users_without,goal_rate_with,goal_rate_without",
        "signal__name,signal__event,signal__times",
        """
        select signal, event, times, users_with, goal_users_with, users_without, goal_users_without,
            goal_rate_with, goal_rate_without
        from signals
        """,
    ),
    Case(
        "impact_users,exposed_users",
        "metric_time__month",
        """
        select date_trunc('month', exposed_date) as month, null, count(distinct user_id)
        from experiment_exposures group by 1
        union all select null, sum(compared_users), null from impacts
        """,
    ),
]

CASES = [
    *ACTIVITY,
    *SESSIONS,
    *USERS,
    *RETENTION,
    *FUNNELS,
    *INSIGHTS,
    *REVENUE,
    *GROUPS,
    *EXPERIMENTS,
]


@pytest.fixture(scope="session")
def queries(by_loads: Path) -> MetricQueries:
    return MetricQueries(by_loads / "target")


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.metrics.partition(',')[0]} by {case.by}"
)
def test_metrics_are_the_numbers_of_the_tables(
    case: Case, queries: MetricQueries, db: duckdb.DuckDBPyConnection
) -> None:
    found = queries.ask(db, case.metrics, case.by, case.where)

    assert any(value is not None for row in found for value in row[case.by.count(",") + 1 :])
    assert found == comparable(db.execute(case.wanted).fetchall())


WHAT_IS_OVER = """
    attach ':memory:' as dbt;
    use dbt;
    create table retention_cohorts as
    select 'any' as retention, null as segment, date '2026-03-02' as cohort_start,
        1 as interval_number, *
    from (values (1000, 500, true), (500, 400, true), (700, 10, false))
        as cells (cohort_size, retained_on, is_complete)
    union all
    select 'any', 'iOS', date '2026-03-02', 1, 600, 480, true;
    create table group_retention as
    select 'company' as group_key, date '2026-03-02' as cohort_start, 'week' as unit,
        1 as interval_number, *
    from (values (8, 6, true), (2, 1, true), (5, 3, false))
        as cells (cohort_size, retained, is_complete);
    create table revenue_cohorts as
    select 'sales' as revenue, 'EUR' as currency, date '2026-03-01' as cohort_month,
        2 as month_number, *
    from (values (10, 100.0, false), (30, 60.0, false), (90, 30.0, true), (0, 0.0, true))
        as cells (cohort_size, amount_so_far, is_partial);
    """

OVER = {
    "cohort_users": 2200,
    "retention_rate": 0.6,  # 900 of 1,500: example R5 of Mixpanel's, pooled
    "retention_rate_weighted": 0.56,
    "segment_retention_rate": 0.8,
    "group_retention_rate": 0.7,
    "ltv": 4,
}


@pytest.mark.parametrize("metric", OVER)
def test_what_is_not_over_is_left_out(metric: str, queries: MetricQueries) -> None:
    with duckdb.connect() as made:
        made.execute(WHAT_IS_OVER)
        [(found,)] = queries.ask(made, metric)

    assert found == pytest.approx(OVER[metric])


def test_the_ratio_to_nobody_is_null(queries: MetricQueries) -> None:
    with duckdb.connect() as made:
        made.execute(WHAT_IS_OVER)
        made.execute("update revenue_cohorts set is_partial = cohort_size > 0")

        assert queries.ask(made, "ltv,revenue_cohort_users") == [(None, 130)]


def test_every_metric_is_compared(queries: MetricQueries) -> None:
    compared = {name for case in CASES for name in case.metrics.split(",")}

    assert compared | OVER.keys() == queries.names
