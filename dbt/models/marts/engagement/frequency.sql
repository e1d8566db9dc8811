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
        event,
        user_id,
        event_date,
        active_hours
    from {{ ref('user_days') }}
    where
        user_id is not null
        and {{ when_incremental('(' ~ is_in_affected('week') ~ ' or ' ~ is_in_affected('month') ~ ')') }}
),

doings as (
    select
        event,
        user_id,
        event_date,
        active_hours
    from acted
    union all
    select
        null as event,
        user_id,
        event_date,
        bit_or(active_hours) as active_hours
    from acted
    where {{ is_counted() }}
    group by
        user_id,
        event_date
),

counted as (
    {% for unit in units %}
        {% set period_start = first_day(unit, 'event_date') %}
        select
            '{{ unit }}' as unit,
            {{ period_start }} as period_start,
            event,
            user_id,
            {{ 'sum(bit_count(active_hours))' if unit == 'day' else 'count(*)' }}::bigint as frequency
        from doings
        where {{ when_incremental(is_in_affected(unit)) }}
        group by
            {{ period_start }},
            event,
            user_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

tallied as (
    select
        unit,
        period_start,
        event,
        frequency,
        count(*) as users
    from counted
    group by
        unit,
        period_start,
        event,
        frequency
),

{{ coverage_of_periods(units) }}

select
    tallied.unit,
    tallied.period_start,
    tallied.event,
    tallied.frequency,
    tallied.users,
    sum(tallied.users) over (
        partition by tallied.unit, tallied.period_start, tallied.event
        order by tallied.frequency desc
    )::bigint as users_at_least,
    sum(tallied.users) over (
        partition by tallied.unit, tallied.period_start, tallied.event
    )::bigint as period_users,
    coverage.is_partial
from tallied
inner join coverage on tallied.unit = coverage.unit and tallied.period_start = coverage.period_start
