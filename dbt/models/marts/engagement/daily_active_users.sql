-- few rows in place of one for each user, for all that follows
with gaps as (
    select
        event_date,
        least(coalesce(date_diff('day', event_date, next_date), 31), 31)::integer as gap,
        sum(event_count) as event_count,
        count(*) as users,
        count(*) filter (where previous_date is null) as new_users,
        count(*) filter (where date_diff('day', previous_date, event_date) <= 30) as returning_users,
        count(*) filter (where date_diff('day', previous_date, event_date) > 30) as resurrected_users
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

anonymous as (
    select
        event_date,
        sum(event_count) as event_count
    from {{ ref('user_days') }}
    where user_id is null and {{ is_counted() }}
    group by event_date
),

every_day as (
    select
        days.*,
        coalesce(daily.dau, 0) as dau,
        sum(coalesce(changes.change_7, 0)) over (order by days.event_date asc) as wau,
        sum(coalesce(changes.change_30, 0)) over (order by days.event_date asc) as mau,
        coalesce(daily.new_users, 0) as new_users,
        coalesce(daily.returning_users, 0) as returning_users,
        coalesce(daily.resurrected_users, 0) as resurrected_users,
        coalesce(churned.churned_users, 0) as churned_users,
        coalesce(daily.event_count, 0) + coalesce(anonymous.event_count, 0) as event_count
    from {{ ref('int_days') }} as days
    left join daily on days.event_date = daily.event_date
    left join churned on days.event_date = churned.event_date
    left join changes on days.event_date = changes.event_date
    left join anonymous on days.event_date = anonymous.event_date
)

select
    event_date,
    case when is_known then dau::bigint end as dau,
    case when is_known then wau::bigint end as wau,
    case when is_known then mau::bigint end as mau,
    case when is_known then dau / nullif(mau, 0)::double end as stickiness,
    case when is_known then new_users::bigint end as new_users,
    case when is_known then returning_users::bigint end as returning_users,
    case when is_known then resurrected_users::bigint end as resurrected_users,
    case when is_known then churned_users::bigint end as churned_users,
    case when is_known then event_count::bigint end as event_count,
    is_partial,
    {{ reaches_unknown('event_date - 6') }} as is_wau_partial,
    {{ reaches_unknown('event_date - 29') }} as is_mau_partial,
    {{ reaches_unknown('event_date - ' ~ days_before_new()) }} as is_lifecycle_partial
from every_day
