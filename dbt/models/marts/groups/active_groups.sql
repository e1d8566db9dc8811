{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_period() }}"},
) }}
{% set units = ['day', 'week', 'month'] %}

-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
-- weeks and months contain the days
with acted as (
    select
        group_key,
        group_id,
        event_date,
        user_id,
        event
    from {{ ref('group_user_days') }}
    where {{ when_incremental('(' ~ is_in_affected('week') ~ ' or ' ~ is_in_affected('month') ~ ')') }}
),

doings as (
    select
        group_key,
        group_id,
        event_date,
        user_id,
        event
    from acted
    union all
    select distinct
        group_key,
        group_id,
        event_date,
        user_id,
        null as event
    from acted
    where {{ is_counted() }}
),

counted as (
    {% for unit in units %}
        {% set period_start = first_day(unit, 'event_date') %}
        select
            '{{ unit }}' as unit,
            {{ period_start }} as period_start,
            group_key,
            event,
            group_id,
            count(distinct user_id) as active_users
        from doings
        where {{ when_incremental(is_in_affected(unit)) }}
        group by
            {{ period_start }},
            group_key,
            event,
            group_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

tallied as (
    select
        group_key,
        unit,
        period_start,
        event,
        active_users,
        count(*) as groups
    from counted
    group by
        group_key,
        unit,
        period_start,
        event,
        active_users
),

{{ coverage_of_periods(units) }}

select
    tallied.group_key,
    tallied.unit,
    tallied.period_start,
    tallied.event,
    tallied.active_users,
    tallied.groups,
    sum(tallied.groups) over (
        partition by tallied.group_key, tallied.unit, tallied.period_start, tallied.event
        order by tallied.active_users desc
    )::bigint as groups_at_least,
    sum(tallied.groups) over (
        partition by tallied.group_key, tallied.unit, tallied.period_start, tallied.event
    )::bigint as period_groups,
    coverage.is_partial
from tallied
inner join coverage on tallied.unit = coverage.unit and tallied.period_start = coverage.period_start
