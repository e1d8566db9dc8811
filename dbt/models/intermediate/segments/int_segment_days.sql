{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_segment_user() }}"},
    schema='working',
) }}
{% set by_cohort = [] %}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('int_affected_users') }}
-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
with counted as (
    {% for segment in segments() if segment.of == 'events' %}
        {% set cohorts = cohorts_of_segments([segment.column]) %}
        {# An event changes on which other days its user is a member. #}
        {% do by_cohort.append(segment.name) if cohorts %}
        {% set is_read = is_affected_user_of(cohorts) if cohorts else is_affected_user() ~ ' and ' ~ is_affected() %}
        select
            {{ literal(segment.name) }} as dimension,
            coalesce(({{ segment_value(segment.column) }})::varchar, '(not set)') as segment,
            user_id,
            event_date,
            count(*) as event_count
        from {{ events_with_cohorts(cohorts) }}
        where
            user_id is not null
            and {{ is_counted() }}
            and {{ when_incremental(is_read) }}
        group by
            coalesce(({{ segment_value(segment.column) }})::varchar, '(not set)'),
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
        where
            {{ is_affected_user() }}
            and not {{ is_affected() }}
            and dimension not in {{ literals(by_cohort) }}
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
