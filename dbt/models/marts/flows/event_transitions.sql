{{ config(
    materialized='replaced_rows' if sessions_are_incremental() else 'contract_table',
    meta={
        'replaces': "session_date in ({{ affected_dates() }})",
        'batch_by': 'event_date' if sessions_are_incremental() else none,
    },
) }}

{% set first_date = 'event_date' if sessions_are_incremental() else 'min(event_date) over (partition by session_id)' %}

-- depends_on: {{ ref('sessions') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
with of_sessions as (
    select
        session_id,
        user_id,
        event,
        time,
        {{ first_date }} as session_date,
        lag(time) over of_session as previous_time,
        lead(event) over of_session as next_event,
        lead(time) over of_session as next_time
    from {{ ref('events') }}
    where
        session_id is not null
        and {{ when_incremental('event_date in (' ~ affected_dates() ~ ')', of_the_batch()) }}
    window of_session as (partition by session_id order by time asc, event_key asc)
),

transitions as (
    select
        session_date,
        session_id,
        user_id,
        event,
        next_event,
        epoch_us(next_time) - epoch_us(time) as microseconds
    from of_sessions
    union all
    select
        session_date,
        session_id,
        user_id,
        null as event,
        event as next_event,
        null as microseconds
    from of_sessions
    where previous_time is null
),

counted as (
    select
        session_date,
        event,
        next_event,
        count(*) as transition_count,
        count(distinct session_id) as sessions,
        count(distinct user_id) as users,
        sum(microseconds) / 1e6 as total_seconds,
        median(microseconds) / 1e6 as median_seconds
    from transitions
    group by
        session_date,
        event,
        next_event
)

select
    counted.*,
    days.is_partial
from counted
inner join {{ ref('days') }} as days on counted.session_date = days.event_date
