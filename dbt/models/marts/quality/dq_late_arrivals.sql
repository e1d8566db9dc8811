{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_refetched_date() }}"},
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
with arrivals as (
    select
        event_date,
        count(*) as events,
        count(*) filter (where processed_at is null) as without_processing_time,
        count(*) filter (where lateness_seconds > 86400) as later_than_1_day,
        count(*) filter (where lateness_seconds > 5 * 86400) as later_than_5_days,
        median(lateness_seconds) as median_lateness_seconds,
        quantile_cont(lateness_seconds, 0.99) as p99_lateness_seconds,
        max(lateness_seconds) as max_lateness_seconds
    from {{ ref('events') }}
    where {{ when_incremental(is_refetched_date()) }}
    group by event_date
)

select
    arrivals.*,
    days.is_partial
from arrivals
inner join {{ ref('days') }} as days on arrivals.event_date = days.event_date
