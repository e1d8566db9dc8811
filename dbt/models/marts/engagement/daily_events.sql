-- few rows in place of one for each user, for all that follows
with gaps as (
    select
        event,
        event_date,
        least(coalesce(date_diff('day', event_date, next_date), 30), 30)::integer as gap,
        sum(event_count) as event_count,
        count(user_id) as users,
        count(user_id) filter (where previous_date is null) as new_users,
        count(user_id) filter (where date_diff('day', previous_date, event_date) <= 28) as repeat_users,
        count(user_id) filter (where date_diff('day', previous_date, event_date) > 28) as return_users
    from {{ ref('user_days') }}
    group by
        event,
        event_date,
        gap
),

daily as (
    select
        event,
        event_date,
        sum(event_count) as event_count,
        sum(users) as users,
        sum(new_users) as new_users,
        sum(repeat_users) as repeat_users,
        sum(return_users) as return_users
    from gaps
    group by
        event,
        event_date
),

changes as (
    {{ trailing_changes([7, 28, 30], by=['event']) }}
),

-- days without the event are there too, from its first one on
spine as (
    select
        first_days.event,
        days.*
    from (
        select
            event,
            min(event_date) as first_date
        from daily
        group by event
    ) as first_days
    inner join {{ ref('int_days') }} as days on first_days.first_date <= days.event_date
),

every_day as (
    select
        spine.*,
        coalesce(daily.event_count, 0) as event_count,
        coalesce(daily.users, 0) as users,
        coalesce(daily.new_users, 0) as new_users,
        coalesce(daily.repeat_users, 0) as repeat_users,
        coalesce(daily.return_users, 0) as return_users,
        sum(coalesce(changes.change_7, 0)) over until_then as trailing_users_7d,
        sum(coalesce(changes.change_28, 0)) over until_then as trailing_users_28d,
        sum(coalesce(changes.change_30, 0)) over until_then as trailing_users_30d
    from spine
    left join daily on spine.event = daily.event and spine.event_date = daily.event_date
    left join changes on spine.event = changes.event and spine.event_date = changes.event_date
    window until_then as (partition by spine.event order by spine.event_date asc)
)

select
    event_date,
    event,
    case when is_known then event_count::bigint end as event_count,
    case when is_known then users::bigint end as users,
    case when is_known then new_users::bigint end as new_users,
    case when is_known then repeat_users::bigint end as repeat_users,
    case when is_known then return_users::bigint end as return_users,
    case when is_known then trailing_users_7d::bigint end as trailing_users_7d,
    case when is_known then trailing_users_28d::bigint end as trailing_users_28d,
    case when is_known then trailing_users_30d::bigint end as trailing_users_30d,
    is_partial,
    {{ reaches_unknown('event_date - 6') }} as is_trailing_7d_partial,
    {{ reaches_unknown('event_date - 27') }} as is_trailing_28d_partial,
    {{ reaches_unknown('event_date - 29') }} as is_trailing_30d_partial,
    {{ reaches_unknown('event_date - ' ~ days_before_new()) }} as is_lifecycle_partial
from every_day
