with calendar as (
    select unnest(generate_series(min(event_date), max(event_date), interval 1 day))::date as event_date
    from {{ ref('days') }}
)

select
    calendar.event_date,
    days.event_date is not null as is_known,
    coalesce(days.is_partial, true) as is_partial,
    days.known_since
from calendar
left join {{ ref('days') }} as days on calendar.event_date = days.event_date
