{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected() }}", 'batch_by': 'event_date'},
) }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
with of_groups as (
    {% for key in group_keys() %}
        select
            {{ literal(key) }} as group_key,
            event_date,
            user_id,
            event,
            unnest(list_distinct({{ property_values(key) }})) as group_id
        from {{ ref('events') }}
        where {{ when_incremental(is_affected(), of_the_batch()) }}
        union all
    {% endfor %}
    select
        null::varchar as group_key,
        null::date as event_date,
        null::varchar as user_id,
        null::varchar as event,
        null::varchar as group_id
    where false
)

select
    group_key,
    group_id,
    event_date,
    user_id,
    event,
    count(*) as event_count
from of_groups
where group_id <> ''
group by
    group_key,
    group_id,
    event_date,
    user_id,
    event
