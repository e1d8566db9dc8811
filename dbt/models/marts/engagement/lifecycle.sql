{% set units = ['day', 'week', 'month'] %}

with period_days as (
    {% for unit in units %}
        select
            '{{ unit }}' as period,
            {{ first_day(unit, 'event_date') }} as period_start,
            ({{ first_day(unit, 'event_date') }} + interval 1 {{ unit }})::date - 1 as period_end,
            {{ since_new(unit, first_day(unit, 'event_date')) }} as new_since,
            *
        from {{ ref('int_days') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

periods as (
    select
        period,
        period_start,
        bool_or(is_known) as is_known,
        not {{ is_whole_since('period_start', 'period_end') }} as is_partial,
        not {{ is_whole_since('new_since', 'period_end') }} as is_lifecycle_partial
    from period_days
    group by
        period,
        period_start
),

users as (
    {% for unit in units %}
        select
            '{{ unit }}' as period,
            period_start,
            (period_start + interval 1 {{ unit }})::date as next_start,
            -- of a user's days in a period, the first one shows their origin
            count(*) filter (where since_previous is distinct from 0) as active_users,
            count(*) filter (where since_previous is null) as new_users,
            count(*) filter (where since_previous = 1) as retained_users,
            count(*) filter (where since_previous > 1) as resurrected_users,
            -- and the last one, where they went
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
    case when periods.is_known then coalesce(users.active_users, 0) end as active_users,
    case when periods.is_known then coalesce(users.new_users, 0) end as new_users,
    case when periods.is_known then coalesce(users.retained_users, 0) end as retained_users,
    case when periods.is_known then coalesce(users.resurrected_users, 0) end as resurrected_users,
    case when periods.is_known then coalesce(before.leaving_users, 0) end as dormant_users,
    periods.is_partial,
    periods.is_lifecycle_partial
from periods
left join users on periods.period = users.period and periods.period_start = users.period_start
left join users as before on periods.period = before.period and periods.period_start = before.next_start
