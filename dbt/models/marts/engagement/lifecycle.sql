{% set units = ['day', 'week', 'month'] %}

with user_dates as (
    select distinct
        user_id,
        event_date
    from {{ ref('user_days') }}
    where user_id is not null and {{ is_counted() }}
),

user_periods as (
    {% for unit in units %}
        select distinct
            '{{ unit }}' as period,
            {{ first_day(unit, 'event_date') }} as period_start,
            user_id
        from user_dates
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

period_days as (
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
        next_start,
        bool_or(is_partial) or max(event_date) + 1 < next_start or min(event_date) > period_start as is_partial
    from period_days
    group by
        period,
        period_start,
        next_start
),

active as (
    select
        user_periods.*,
        periods.next_start,
        lag(periods.next_start) over periods_of_user as follows_previous,
        lead(user_periods.period_start) over periods_of_user as next_active
    from user_periods
    inner join periods
        on user_periods.period = periods.period and user_periods.period_start = periods.period_start
    window periods_of_user as (
        partition by user_periods.period, user_periods.user_id order by user_periods.period_start
    )
),

present as (
    select
        period,
        period_start,
        count(*) as active_users,
        count(*) filter (where follows_previous is null) as new_users,
        count(*) filter (where follows_previous = period_start) as retained_users,
        count(*) filter (where follows_previous < period_start) as resurrected_users
    from active
    group by
        period,
        period_start
),

absent as (
    select
        period,
        next_start as period_start,
        count(*) as dormant_users
    from active
    where next_active is distinct from next_start
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
