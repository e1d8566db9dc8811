{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    replaces="{{ is_touched_user() }}",
    on_schema_change='fail',
) }}

-- depends_on: {{ ref('int_touched_users') }}
with days as (
    select
        user_id,
        event_date,
        sum(event_count)::bigint as event_count,
        count(*) as distinct_event_count,
        min(first_at) as first_at,
        max(last_at) as last_at
    from {{ ref('user_days') }}
    where
        user_id is not null
        and {{ is_counted() }}
        and {{ when_incremental(is_touched_user()) }}
    group by
        user_id,
        event_date
)

select
    user_id,
    event_date,
    event_count,
    distinct_event_count,
    first_at,
    last_at,
    lag(event_date) over of_user as previous_date,
    lead(event_date) over of_user as next_date
from days
window of_user as (partition by user_id order by event_date)
