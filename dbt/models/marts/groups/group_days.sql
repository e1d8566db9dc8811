{{ config(
    materialized='replaced_rows',
    meta={'replaces': "event_date in ({{ affected_dates() }})"},
) }}

-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
with counted as (
    select
        group_key,
        group_id,
        event_date,
        sum(event_count)::bigint as event_count,
        count(distinct event) as distinct_event_count,
        count(distinct user_id) as active_users
    from {{ ref('group_user_days') }}
    where
        {{ is_counted() }}
        and {{ when_incremental('event_date in (' ~ affected_dates() ~ ')') }}
    group by
        group_key,
        group_id,
        event_date
)

select
    counted.*,
    days.is_partial
from counted
inner join {{ ref('days') }} as days on counted.event_date = days.event_date
