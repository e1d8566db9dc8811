{% set units = ['day', 'week', 'month'] %}

with period_days as (
    {% for unit in units %}
        select
            '{{ unit }}' as period,
            {{ first_day(unit, 'event_date') }} as period_start,
            ({{ first_day(unit, 'event_date') }} + interval 1 {{ unit }})::date as next_start,
            event_date,
            is_partial
        from {{ ref('int_days') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

periods as (
    select
        period,
        period_start,
        bool_or(is_partial) or max(event_date) + 1 < next_start or min(event_date) > period_start as is_partial
    from period_days
    group by
        period,
        period_start,
        next_start
),

active as (
    {% for unit in units %}
        select
            '{{ unit }}' as period,
            {{ first_day(unit, 'event_date') }} as period_start,
            ({{ first_day(unit, 'event_date') }} + interval 1 {{ unit }})::date as next_start,
            {{ first_day(unit, 'previous_date') }} as previous_start,
            ({{ first_day(unit, 'previous_date') }} + interval 1 {{ unit }})::date as follows_previous,
            {{ first_day(unit, 'next_date') }} as next_active
        from {{ ref('user_activity') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- of a user's days in a period, the first tells where he came from
present as (
    select
        period,
        period_start,
        count(*) as active_users,
        count(*) filter (where previous_start is null) as new_users,
        count(*) filter (where follows_previous = period_start) as retained_users,
        count(*) filter (where follows_previous < period_start) as resurrected_users
    from active
    where previous_start is distinct from period_start
    group by
        period,
        period_start
),

-- and the last, where he went
absent as (
    select
        period,
        next_start as period_start,
        count(*) as dormant_users
    from active
    where next_active is null or next_active > next_start
    group by
        period,
        next_start
)

select
    periods.period,
    periods.period_start,
    coalesce(present.active_users, 0) as active_users,
    coalesce(present.new_users, 0) as new_users,
    coalesce(present.retained_users, 0) as retained_users,
    coalesce(present.resurrected_users, 0) as resurrected_users,
    coalesce(absent.dormant_users, 0) as dormant_users,
    periods.is_partial
from periods
left join present on periods.period = present.period and periods.period_start = present.period_start
left join absent on periods.period = absent.period and periods.period_start = absent.period_start
