{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    replaces="{{ is_touched_user() }} or (user_id is null and {{ is_changed_date() }})",
    on_schema_change='fail',
) }}

-- depends_on: {{ ref('int_touched_users') }}
-- depends_on: {{ ref('int_changed_dates') }}
-- depends_on: {{ ref('int_moved_user_days') }}
-- a day made anew moves the day before and after it of the same users
with days as (
    select
        event_date,
        user_id,
        event,
        count(*) as event_count,
        min(time) as first_at,
        max(time) as last_at
    from {{ ref('events') }}
    where {{ when_incremental('(user_id is null or ' ~ is_touched_user() ~ ') and ' ~ is_touched()) }}
    group by
        event_date,
        user_id,
        event
    {% if is_incremental() %}
        union all
        select
            event_date,
            user_id,
            event,
            event_count,
            first_at,
            last_at
        from {{ this }}
        where {{ is_touched_user() }} and not {{ is_touched() }}
    {% endif %}
)

select
    event_date,
    user_id,
    event,
    event_count,
    first_at,
    last_at,
    case when user_id is not null then lag(event_date) over doings end as previous_date,
    case when user_id is not null then lead(event_date) over doings end as next_date
from days
window doings as (partition by event, user_id order by event_date)
