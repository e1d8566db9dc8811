with failed as (
    select
        'events' as table_name,
        event,
        event_date as day, -- noqa: RF04
        unnest(failed_casts) as column_name
    from {{ ref('events') }}
    where failed_casts is not null
    union all
    select
        'profiles' as table_name,
        null as event,
        {{ local_time('valid_from') }}::date as day, -- noqa: RF04
        unnest(failed_casts) as column_name
    from {{ ref('profiles') }}
    where failed_casts is not null
)

select
    table_name,
    column_name,
    event,
    count(*) as failed,
    min(day) as first_date,
    max(day) as last_date
from failed
group by
    table_name,
    column_name,
    event
