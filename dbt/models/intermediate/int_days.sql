-- depends_on: {{ ref('stg_mixpanel__fetches') }}
with covered as (
    select
        min(range_start) as first_time,
        max(least(range_end, fetched_at)) as last_time -- a day fetched before it was over ends there
    from {{ ref('stg_mixpanel__fetches') }}
    where table_name = 'events'
),

days as (
    select
        first_time,
        last_time,
        unnest(generate_series(
            {{ local_time('first_time') }}::date,
            {{ local_time("(last_time - interval 1 microsecond)") }}::date,
            interval 1 day
        ))::date as event_date
    from covered
    where first_time < last_time
)

select
    event_date,
    event_date < {{ local_time('first_time') }} or event_date + 1 > {{ local_time('last_time') }} as is_partial
from days
