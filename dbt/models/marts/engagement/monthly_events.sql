with months as (
    select
        event,
        month_start,
        sum(event_count) as event_count,
        -- of a user's days in a month, the first one shows their origin
        count(user_id) filter (where months_since_previous is distinct from 0) as users,
        count(user_id) filter (where months_since_previous is null) as new_users,
        count(user_id) filter (where months_since_previous = 1) as repeat_users,
        count(user_id) filter (where months_since_previous > 1) as return_users,
        -- and the last one, where they went
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

-- one row for each month from the first of the event on, with the values of its last known day
spine as (
    select
        event,
        {{ first_day('month', 'event_date') }} as month_start,
        max_by(trailing_users_7d, event_date) filter (where event_count is not null) as wau,
        max_by(trailing_users_30d, event_date) filter (where event_count is not null) as mau,
        max_by(is_trailing_7d_partial, event_date) filter (where event_count is not null) as is_wau_partial,
        max_by(is_trailing_30d_partial, event_date) filter (where event_count is not null) as is_mau_partial
    from {{ ref('daily_events') }}
    group by
        event,
        {{ first_day('month', 'event_date') }}
),

covered as (
    select
        month_start,
        bool_or(is_known) as is_known,
        not {{ is_whole_since('month_start', 'last_date') }} as is_partial,
        not {{ is_whole_since(since_new('month', 'month_start'), 'last_date') }} as is_lifecycle_partial
    from (
        select
            *,
            {{ first_day('month', 'event_date') }} as month_start,
            last_day(event_date) as last_date
        from {{ ref('int_days') }}
    ) as days
    group by month_start
)

select
    spine.month_start,
    spine.event,
    case when covered.is_known then coalesce(months.event_count, 0)::bigint end as event_count,
    case when covered.is_known then coalesce(months.users, 0) end as users,
    case when covered.is_known then coalesce(months.new_users, 0) end as new_users,
    case when covered.is_known then coalesce(months.repeat_users, 0) end as repeat_users,
    case when covered.is_known then coalesce(months.return_users, 0) end as return_users,
    case when covered.is_known then coalesce(before.leaving_users, 0) end as churned_users,
    spine.wau,
    spine.mau,
    covered.is_partial,
    coalesce(spine.is_wau_partial, true) as is_wau_partial,
    coalesce(spine.is_mau_partial, true) as is_mau_partial,
    covered.is_lifecycle_partial
from spine
inner join covered on spine.month_start = covered.month_start
left join months on spine.event = months.event and spine.month_start = months.month_start
left join months as before
    on spine.event = before.event and spine.month_start = (before.month_start + interval 1 month)::date
