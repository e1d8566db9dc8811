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

users as (
    {% for unit in units %}
        select
            '{{ unit }}' as period,
            period_start,
            (period_start + interval 1 {{ unit }})::date as next_start,
            -- of a user's days in a period, the first tells where he came from
            count(*) filter (where since_previous is distinct from 0) as active_users,
            count(*) filter (where since_previous is null) as new_users,
            count(*) filter (where since_previous = 1) as retained_users,
            count(*) filter (where since_previous > 1) as resurrected_users,
            -- and the last, where he went
            count(*) filter (where to_next is null or to_next > 1) as leaving_users
        from (
            select
                {{ first_day(unit, 'event_date') }} as period_start,
                {{ periods_between(unit, 'previous_date', 'event_date') }} as since_previous,
                {{ periods_between(unit, 'event_date', 'next_date') }} as to_next
            from {{ ref('user_activity') }}
        ) as active
        group by period_start
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    periods.period,
    periods.period_start,
    coalesce(users.active_users, 0) as active_users,
    coalesce(users.new_users, 0) as new_users,
    coalesce(users.retained_users, 0) as retained_users,
    coalesce(users.resurrected_users, 0) as resurrected_users,
    coalesce(before.leaving_users, 0) as dormant_users,
    periods.is_partial
from periods
left join users on periods.period = users.period and periods.period_start = users.period_start
left join users as before on periods.period = before.period and periods.period_start = before.next_start
