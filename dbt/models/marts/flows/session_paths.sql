{{ config(
    materialized='replaced_rows' if sessions_are_incremental() else 'contract_table',
    meta={
        'replaces': "session_date in ({{ affected_dates() }})",
        'batch_by': 'event_date' if sessions_are_incremental() else none,
    },
) }}

-- depends_on: {{ ref('sessions') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
with numbered as (
    select
        session_id,
        user_id,
        event_date,
        event,
        row_number() over (partition by session_id order by time asc, event_key asc) as number
    from {{ ref('events') }}
    where
        session_id is not null
        and {{ when_incremental('event_date in (' ~ affected_dates() ~ ')', of_the_batch()) }}
),

paths as (
    select
        session_id,
        min(event_date) as session_date,
        {% for step in range(1, 6) %}
            max(case when number = {{ step }} then event end) as step_{{ step }},
        {% endfor %}
        max(case when number = 1 then user_id end) as user_id
    from numbered
    where number <= 5
    group by session_id
),

counted as (
    select
        session_date,
        step_1,
        step_2,
        step_3,
        step_4,
        step_5,
        count(*) as sessions,
        count(distinct user_id) as users
    from paths
    group by
        session_date,
        step_1,
        step_2,
        step_3,
        step_4,
        step_5
)

select
    counted.*,
    days.is_partial
from counted
inner join {{ ref('days') }} as days on counted.session_date = days.event_date
