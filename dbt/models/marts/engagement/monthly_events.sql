with active as (
    select
        event,
        user_id,
        event_count,
        {{ first_day('month', 'event_date') }} as month_start,
        {{ first_day('month', 'previous_date') }} as previous_month,
        {{ first_day('month', 'next_date') }} as next_month
    from {{ ref('user_days') }}
),

totals as (
    select
        event,
        month_start,
        sum(event_count) as event_count
    from active
    group by
        event,
        month_start
),

-- of a user's days in a month, the first tells where he came from
monthly as (
    select
        event,
        month_start,
        count(*) as users,
        count(*) filter (where previous_month is null) as new_users,
        count(*) filter (where previous_month = month_start - interval 1 month) as repeat_users,
        count(*) filter (where previous_month < month_start - interval 1 month) as return_users
    from active
    where user_id is not null and previous_month is distinct from month_start
    group by
        event,
        month_start
),

-- and the last, where he went
churned as (
    select
        event,
        (month_start + interval 1 month)::date as month_start,
        count(*) as churned_users
    from active
    where user_id is not null and (next_month is null or next_month > month_start + interval 1 month)
    group by all
),

-- one row for each month from the first of the event on, with what holds on its last day
spine as (
    select
        event,
        {{ first_day('month', 'event_date') }} as month_start,
        max_by(trailing_users_7d, event_date) as wau,
        max_by(trailing_users_30d, event_date) as mau,
        bool_or(is_partial) or max(event_date) < last_day(max(event_date)) as is_partial
    from {{ ref('daily_events') }}
    group by
        event,
        {{ first_day('month', 'event_date') }}
)

select
    spine.month_start,
    spine.event,
    coalesce(totals.event_count, 0)::bigint as event_count,
    coalesce(monthly.users, 0) as users,
    coalesce(monthly.new_users, 0) as new_users,
    coalesce(monthly.repeat_users, 0) as repeat_users,
    coalesce(monthly.return_users, 0) as return_users,
    coalesce(churned.churned_users, 0) as churned_users,
    spine.wau,
    spine.mau,
    spine.is_partial
from spine
left join totals on spine.event = totals.event and spine.month_start = totals.month_start
left join monthly on spine.event = monthly.event and spine.month_start = monthly.month_start
left join churned on spine.event = churned.event and spine.month_start = churned.month_start
