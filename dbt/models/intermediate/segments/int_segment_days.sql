{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_user() }}"},
    schema='working',
) }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('int_affected_users') }}
-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
with counted as (
    {% for segment in segments() if segment.of == 'events' %}
        select
            {{ literal(segment.name) }} as dimension,
            coalesce({{ segment.column }}::varchar, '(not set)') as segment,
            user_id,
            event_date,
            count(*) as event_count
        from {{ ref('events') }}
        where
            user_id is not null
            and {{ is_counted() }}
            and {{ when_incremental(is_affected_user() ~ ' and ' ~ is_affected()) }}
        group by
            coalesce({{ segment.column }}::varchar, '(not set)'),
            user_id,
            event_date
        union all
    {% endfor %}
    {% if is_incremental() %}
        -- the other days of these users, of which only the next day may be another one
        select
            dimension,
            segment,
            user_id,
            event_date,
            event_count
        from {{ this }}
        where {{ is_affected_user() }} and not {{ is_affected() }}
        union all
    {% endif %}
    select
        null::varchar as dimension,
        null::varchar as segment,
        null::varchar as user_id,
        null::date as event_date,
        null::bigint as event_count
    where false
)

select
    dimension,
    segment,
    user_id,
    event_date,
    lead(event_date) over (partition by dimension, segment, user_id order by event_date asc) as next_date,
    event_count
from counted
