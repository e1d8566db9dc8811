{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_refetched_date() }}", 'partitioned_by': 'event_date'},
    schema='working',
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
-- what int_identity_links reads of events, in few rows: those of one day with the same evidence are
-- one row
select
    event_date,
    case when {{ is_merging_event() }} then event end as event,
    min(time) as time,
    min(coalesce(processed_at, time)) as processed_at,
    distinct_id,
    sender_id,
    device_id,
    distinct_id_before_identity,
    preshuffle_distinct_id,
    case when {{ is_merging_event() }} then properties end as properties
from {{ ref('events') }}
where
    sender_id is not null
    and {{ when_incremental(is_refetched_date()) }}
    and (
        (device_id <> '' and ('$device:' || device_id <> sender_id or {{ is_named_for_a_device() }}))
        or coalesce(distinct_id_before_identity, preshuffle_distinct_id) <> ''
        or {{ is_merging_event() }}
    )
group by all
