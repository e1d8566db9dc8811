-- few rows in place of one for each user, for all that follows
with gaps as (
    select
        event_date,
        least(coalesce(next_date - event_date, 31), 31)::integer as gap,
        sum(event_count) as event_count,
        count(*) as users,
        count(*) filter (where previous_date is null) as new_users,
        count(*) filter (where event_date - previous_date <= 30) as returning_users,
        count(*) filter (where event_date - previous_date > 30) as resurrected_users
    from {{ ref('user_activity') }}
    group by
        event_date,
        gap
),

daily as (
    select
        event_date,
        sum(users) as dau,
        sum(event_count) as event_count,
        sum(new_users) as new_users,
        sum(returning_users) as returning_users,
        sum(resurrected_users) as resurrected_users
    from gaps
    group by event_date
),

churned as (
    select
        event_date + 30 as event_date,
        sum(users) as churned_users
    from gaps
    where gap > 30
    group by all
),

changes as (
    {{ trailing_changes([7, 30]) }}
),

nobody as (
    select
        event_date,
        sum(event_count) as event_count
    from {{ ref('user_days') }}
    where user_id is null and {{ is_counted() }}
    group by event_date
),

every_day as (
    select
        days.event_date,
        days.is_partial,
        coalesce(daily.dau, 0) as dau,
        sum(coalesce(changes.change_7, 0)) over (order by days.event_date) as wau,
        sum(coalesce(changes.change_30, 0)) over (order by days.event_date) as mau,
        coalesce(daily.new_users, 0) as new_users,
        coalesce(daily.returning_users, 0) as returning_users,
        coalesce(daily.resurrected_users, 0) as resurrected_users,
        coalesce(churned.churned_users, 0) as churned_users,
        coalesce(daily.event_count, 0) + coalesce(nobody.event_count, 0) as event_count
    from {{ ref('int_days') }} as days
    left join daily on days.event_date = daily.event_date
    left join churned on days.event_date = churned.event_date
    left join changes on days.event_date = changes.event_date
    left join nobody on days.event_date = nobody.event_date
)

select
    event_date,
    dau::bigint as dau,
    wau::bigint as wau,
    mau::bigint as mau,
    dau / nullif(mau, 0)::double as stickiness,
    new_users::bigint as new_users,
    returning_users::bigint as returning_users,
    resurrected_users::bigint as resurrected_users,
    churned_users::bigint as churned_users,
    event_count::bigint as event_count,
    is_partial
from every_day
