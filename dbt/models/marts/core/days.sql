-- The known days: what was fetched of them, or an event that is ahead of its fetch.
with with_events as (
    select distinct event_date
    from {{ ref('events') }}
),

ranges as (
    select
        *,
        unnest(generate_series(first_date, last_date, interval 1 day))::date as event_date
    from {{ ref('int_known_ranges') }}
),

known as (
    select
        event_date,
        coalesce(bool_or(event_date between first_start_date and last_end_date), false) as is_whole,
        -- one range at most contains the start of a day
        max(first_start_date) filter (where event_date >= first_start_date) as known_since,
        max(range_end) filter (where event_date >= first_start_date) as known_until
    from ranges
    where event_date >= (select min(with_events.event_date) from with_events)
    group by event_date
)

select
    coalesce(known.event_date, with_events.event_date) as event_date,
    not coalesce(known.is_whole, false) as is_partial,
    coalesce(known.known_since, known.event_date, with_events.event_date) as known_since,
    known.known_until
from known
full join with_events on known.event_date = with_events.event_date
