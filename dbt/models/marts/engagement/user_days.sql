{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_touched() }}",
) }}

-- depends_on: {{ ref('int_moved_user_days') }}
select
    event_date,
    user_id,
    event,
    count(*) as event_count,
    min(time) as first_at,
    max(time) as last_at
from {{ ref('events') }}
where {{ is_touched() }}
group by
    event_date,
    user_id,
    event
