{{ config(
    materialized='replaced_rows',
    meta={
        'replaces': "{{ is_refetched_date() }}",
        'before_replacing': "{{ log_changed_ids() }}",
        'partitioned_by': 'event_date',
    },
    schema='working',
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
select
    event_date,
    sender_id,
    -- as in events, and reassigned together with them; a refetched day may have both
    case when bool_or(user_id = sender_id) then sender_id else min(user_id) end as user_id,
    min(time) as first_at,
    max(time) as last_at,
    count(*) as event_count,
    -- of all that tables are made of
    {{ digest_of_rows(['event', 'time', 'distinct_id', 'insert_id', 'properties']) }} as digest
from {{ ref('events') }}
where sender_id is not null and {{ when_incremental(is_refetched_date()) }}
group by
    event_date,
    sender_id
