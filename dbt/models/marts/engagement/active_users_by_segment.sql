-- depends_on: {{ ref('users') }}
-- `new`, `returning` and `resurrected` are of the user, not of the user in the segment, so that they
-- add up to `dau`
with active as (
    select
        segment_days.dimension,
        segment_days.segment,
        segment_days.event_date,
        segment_days.next_date,
        days_of_user.previous_date,
        segment_days.event_count
    from {{ ref('int_segment_days') }} as segment_days
    inner join {{ ref('user_activity') }} as days_of_user
        on segment_days.user_id = days_of_user.user_id and segment_days.event_date = days_of_user.event_date
    {% for segment in segments() if segment.of == 'users' %}
        union all
        select
            {{ literal(segment.name) }} as dimension,
            coalesce(users.{{ segment.column }}::varchar, '(not set)') as segment,
            days_of_user.event_date,
            days_of_user.next_date,
            days_of_user.previous_date,
            days_of_user.event_count
        from {{ ref('user_activity') }} as days_of_user
        inner join {{ ref('users') }} as users on days_of_user.user_id = users.user_id
    {% endfor %}
),

-- few rows in place of one for each user, for all that follows
gaps as (
    select
        dimension,
        segment,
        event_date,
        least(coalesce(date_diff('day', event_date, next_date), 31), 31)::integer as gap,
        sum(event_count) as event_count,
        count(*) as users,
        count(*) filter (where previous_date is null) as new_users,
        count(*) filter (where date_diff('day', previous_date, event_date) <= 30) as returning_users,
        count(*) filter (where date_diff('day', previous_date, event_date) > 30) as resurrected_users
    from active
    group by
        dimension,
        segment,
        event_date,
        gap
),

daily as (
    select
        dimension,
        segment,
        event_date,
        sum(users) as dau,
        sum(event_count) as event_count,
        sum(new_users) as new_users,
        sum(returning_users) as returning_users,
        sum(resurrected_users) as resurrected_users
    from gaps
    group by
        dimension,
        segment,
        event_date
),

changes as (
    {{ trailing_changes([7, 30], by=['dimension', 'segment']) }}
),

-- the numbers of users from a day on, until the day of the next row
levels as (
    select
        dimension,
        segment,
        event_date as level_from,
        lead(event_date) over (partition by dimension, segment order by event_date asc) as level_until,
        sum(change_7) over (partition by dimension, segment order by event_date asc) as wau,
        sum(change_30) over (partition by dimension, segment order by event_date asc) as mau
    from changes
),

-- days without any user in 30 days have no row, so that few rows come of a rare value
every_day as (
    select
        dimension,
        segment,
        level_from + day_number::integer as event_date,
        wau,
        mau
    from (
        select
            *,
            unnest(range(date_diff('day', level_from, level_until))) as day_number
        from levels
        where mau > 0
    ) as numbered
)

select
    every_day.dimension,
    every_day.segment,
    every_day.event_date,
    case when days.is_known then coalesce(daily.dau, 0)::bigint end as dau,
    case when days.is_known then every_day.wau::bigint end as wau,
    case when days.is_known then every_day.mau::bigint end as mau,
    case when days.is_known then coalesce(daily.dau, 0) / every_day.mau::double end as stickiness,
    case when days.is_known then coalesce(daily.new_users, 0)::bigint end as new_users,
    case when days.is_known then coalesce(daily.returning_users, 0)::bigint end as returning_users,
    case when days.is_known then coalesce(daily.resurrected_users, 0)::bigint end as resurrected_users,
    case when days.is_known then coalesce(daily.event_count, 0)::bigint end as event_count,
    days.is_partial,
    {{ reaches_unknown('every_day.event_date - 6', 'days.') }} as is_wau_partial,
    {{ reaches_unknown('every_day.event_date - 29', 'days.') }} as is_mau_partial,
    {{ reaches_unknown('every_day.event_date - ' ~ days_before_new(), 'days.') }} as is_lifecycle_partial
from every_day
inner join {{ ref('int_days') }} as days on every_day.event_date = days.event_date
left join daily
    on
        every_day.dimension = daily.dimension
        and every_day.segment = daily.segment
        and every_day.event_date = daily.event_date
