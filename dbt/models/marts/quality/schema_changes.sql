-- Weeks and days are compared only where every day of them is known, so a day that was not fetched
-- changes nothing.
with last_day as (
    select
        event_date,
        known_since,
        event_date - 90 as earliest
    from {{ ref('days') }}
    where not is_partial
    order by event_date desc
    limit 1
),

whole_days as (
    select
        days.event_date,
        date_trunc('week', days.event_date)::date as week_start
    from {{ ref('days') }} as days
    cross join last_day
    where
        not days.is_partial
        -- the week before the earliest one, from any day of the week on
        and days.event_date >= last_day.earliest - 14
),

whole_weeks as (
    select week_start
    from whole_days
    group by week_start
    having count(*) = 7
),

event_weeks as (
    select
        daily_events.event,
        whole_days.week_start,
        sum(daily_events.event_count)::bigint as event_count
    from {{ ref('daily_events') }} as daily_events
    inner join whole_days on daily_events.event_date = whole_days.event_date
    inner join whole_weeks on whole_days.week_start = whole_weeks.week_start
    group by
        daily_events.event,
        whole_days.week_start
),

property_weeks as (
    select
        property_days.event,
        property_days.property,
        whole_days.week_start,
        sum(coalesce(property_days.defined, 0))::bigint as defined,
        sum(coalesce(property_days.strings, 0))::bigint as strings,
        sum(coalesce(property_days.numbers, 0))::bigint as numbers,
        sum(coalesce(property_days.booleans, 0))::bigint as booleans,
        sum(coalesce(property_days.lists, 0))::bigint as lists,
        sum(coalesce(property_days.objects, 0))::bigint as objects
    from {{ ref('int_property_days') }} as property_days
    inner join whole_days on property_days.event_date = whole_days.event_date
    inner join whole_weeks on whole_days.week_start = whole_weeks.week_start
    group by
        property_days.event,
        property_days.property,
        whole_days.week_start
),

typed_weeks as (
    select
        event,
        property,
        week_start,
        defined,
        case greatest(strings, numbers, booleans, lists, objects)
            when 0 then null
            when strings then 'string'
            when numbers then 'number'
            when booleans then 'boolean'
            when lists then 'list'
            else 'object'
        end as json_type
    from property_weeks
),

-- Two weeks that follow each other, in which the event happened often enough for a rate.
compared as (
    select
        former.event,
        former.property,
        current_events.week_start,
        former.json_type as former_type,
        now.json_type as current_type,
        former.defined / former_events.event_count::double as former_rate,
        coalesce(now.defined, 0) / current_events.event_count::double as current_rate
    from typed_weeks as former
    inner join event_weeks as former_events
        on former.event = former_events.event and former.week_start = former_events.week_start
    inner join event_weeks as current_events
        on former.event = current_events.event and former.week_start + 7 = current_events.week_start
    left join typed_weeks as now
        on
            former.event = now.event
            and former.property = now.property
            and current_events.week_start = now.week_start
    where former_events.event_count >= 50 and current_events.event_count >= 50
),

seen as (
    select
        event,
        null::varchar as property,
        ({{ local_time('first_seen_at') }})::date as first_date,
        ({{ local_time('last_seen_at') }})::date as last_date
    from {{ ref('event_catalog') }}
    union all
    select
        event,
        property,
        ({{ local_time('first_seen_at') }})::date as first_date,
        ({{ local_time('last_seen_at') }})::date as last_date
    from {{ ref('property_catalog') }}
),

appeared as (
    select
        seen.event,
        seen.property,
        seen.first_date
    from seen
    inner join {{ ref('days') }} as days on seen.first_date = days.event_date
    left join seen as events on seen.event = events.event and events.property is null
    -- a week before it is known without a gap; properties of a new event are no news
    where
        days.known_since <= seen.first_date - 7
        and (seen.property is null or events.first_date <= seen.first_date - 7)
),

-- Events that happened on most days of a week, and on none of the seven days or more since.
vanished as (
    select
        seen.event,
        seen.last_date + 1 as vanished_date,
        sum(daily_events.event_count)::bigint as event_count
    from seen
    cross join last_day
    inner join {{ ref('daily_events') }} as daily_events
        on
            seen.event = daily_events.event
            and daily_events.event_date between seen.last_date - 6 and seen.last_date
    where
        seen.property is null
        and seen.last_date <= last_day.event_date - 7
        and last_day.known_since <= seen.last_date - 6
        and daily_events.event_count > 0
    group by
        seen.event,
        seen.last_date
    having count(*) >= 4
),

changes as (
    select
        first_date as change_date,
        case when property is null then 'new_event' else 'new_property' end as change,
        event,
        property,
        null::varchar as former_value,
        null::varchar as new_value
    from appeared
    union all
    select
        vanished_date as change_date,
        'vanished_event' as change,
        event,
        null::varchar as property,
        event_count::varchar as former_value,
        '0' as new_value
    from vanished
    union all
    select
        week_start as change_date,
        case when current_rate = 0 then 'vanished_property' else 'fill_rate' end as change,
        event,
        property,
        round(former_rate, 3)::varchar as former_value,
        round(current_rate, 3)::varchar as new_value
    from compared
    where abs(current_rate - former_rate) >= 0.2
    union all
    select
        week_start as change_date,
        'type' as change,
        event,
        property,
        former_type as former_value,
        current_type as new_value
    from compared
    where former_type <> current_type
    union all
    select
        event_date as change_date,
        'volume_fell' as change,
        event,
        null::varchar as property,
        usual_count::bigint::varchar as former_value,
        event_count::varchar as new_value
    from {{ ref('dq_volume') }}
    where is_anomaly and score < 0
)

select
    changes.change_date,
    changes.change,
    changes.event,
    changes.property,
    changes.former_value,
    changes.new_value
from changes
cross join last_day
where changes.change_date > last_day.earliest
