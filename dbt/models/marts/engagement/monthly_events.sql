with months as (
    select
        event,
        month_start,
        sum(event_count) as event_count,
        -- of a user's days in a month, the first tells where he came from
        count(user_id) filter (where months_since_previous is distinct from 0) as users,
        count(user_id) filter (where months_since_previous is null) as new_users,
        count(user_id) filter (where months_since_previous = 1) as repeat_users,
        count(user_id) filter (where months_since_previous > 1) as return_users,
        -- and the last, where he went
        count(user_id) filter (where months_to_next is null or months_to_next > 1) as leaving_users
    from (
        select
            event,
            user_id,
            event_count,
            {{ first_day('month', 'event_date') }} as month_start,
            {{ periods_between('month', 'previous_date', 'event_date') }} as months_since_previous,
            {{ periods_between('month', 'event_date', 'next_date') }} as months_to_next
        from {{ ref('user_days') }}
    ) as active
    group by
        event,
        month_start
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
    coalesce(months.event_count, 0)::bigint as event_count,
    coalesce(months.users, 0) as users,
    coalesce(months.new_users, 0) as new_users,
    coalesce(months.repeat_users, 0) as repeat_users,
    coalesce(months.return_users, 0) as return_users,
    coalesce(before.leaving_users, 0) as churned_users,
    spine.wau,
    spine.mau,
    spine.is_partial
from spine
left join months on spine.event = months.event and spine.month_start = months.month_start
left join months as before
    on spine.event = before.event and spine.month_start = (before.month_start + interval 1 month)::date
