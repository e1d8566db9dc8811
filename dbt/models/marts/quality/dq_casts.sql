with failed as (
    select
        event_date,
        event,
        unnest(failed_casts) as column_name
    from {{ ref('events') }}
    where failed_casts is not null
)

select
    column_name,
    event,
    count(*) as failed,
    min(event_date) as first_date,
    max(event_date) as last_date
from failed
group by
    column_name,
    event
