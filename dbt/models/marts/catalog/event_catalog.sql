with last_day as (
    select max(event_date) as event_date from {{ ref('user_days') }}
),

events as (
    select
        user_days.event,
        sum(user_days.event_count) as event_count,
        count(distinct user_days.user_id) as users,
        count(distinct user_days.event_date) as active_days,
        min(user_days.first_at) as first_seen_at,
        max(user_days.last_at) as last_seen_at,
        coalesce(
            sum(user_days.event_count) filter (where user_days.event_date > last_day.event_date - 30), 0
        ) as event_count_30d
    from {{ ref('user_days') }} as user_days
    cross join last_day
    group by user_days.event
),

properties as (
    select
        event,
        count(*) as properties
    from {{ ref('property_catalog') }}
    group by event
)

select
    events.event,
    events.event_count::bigint as event_count,
    events.event_count_30d::bigint as event_count_30d,
    events.users,
    events.active_days,
    events.event_count / events.active_days::double as events_per_active_day,
    coalesce(properties.properties, 0) as properties,
    events.first_seen_at,
    events.last_seen_at,
    events.event in {{ names('hidden_events') }} as is_hidden
from events
left join properties on events.event = properties.event
