with last_day as (
    select
        max(event_date) as event_date,
        max_by(is_trailing_30d_partial, event_date) as is_partial
    from {{ ref('daily_events') }}
    where event_count > 0
),

events as (
    select
        daily_events.event,
        sum(daily_events.event_count) as event_count,
        sum(daily_events.new_users)::bigint as users,
        count(*) filter (where daily_events.event_count > 0) as active_days,
        coalesce(
            sum(daily_events.event_count) filter (where daily_events.event_date > last_day.event_date - 30), 0
        ) as event_count_30d,
        bool_or(last_day.is_partial) as is_30d_partial
    from {{ ref('daily_events') }} as daily_events
    cross join last_day
    group by daily_events.event
),

spans as (
    select
        event,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at
    from {{ ref('user_days') }}
    group by event
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
    spans.first_seen_at,
    spans.last_seen_at,
    events.is_30d_partial,
    events.event in {{ names('hidden_events') }} as is_hidden
from events
inner join spans on events.event = spans.event
left join properties on events.event = properties.event
