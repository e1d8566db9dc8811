-- A test of your own is a query for rows that must not be: `mp sync` publishes nothing while it
-- finds any.
with counted as (
    select event_date, count(*) as event_count
    from {{ ref('mixpanel_data', 'events') }}
    group by event_date
),

summed as (
    select event_date, sum(event_count) as event_count
    from {{ ref('daily_platforms') }}
    group by event_date
)

select
    event_date,
    counted.event_count as events,
    summed.event_count as events_of_platforms
from counted
full join summed using (event_date)
where counted.event_count is distinct from summed.event_count
