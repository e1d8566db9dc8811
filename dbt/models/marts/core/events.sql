{{ config(
    materialized='appended_rows',
    meta={'replaces': "{{ is_refetched_date() }}", 'partitioned_by': 'event_date'},
    pre_hook=[
        "{{ declare_event_properties() }}",
        "{{ delete_refetched_ranges() }}",
        "{{ keep_right_sides_in_memory(true) }}",
    ],
    post_hook="{{ keep_right_sides_in_memory(false) }}",
) }}
{% set committed = ref('int_committed_ranges') %}
{% set changed = ref('int_refetched_ranges') %}
{% set fields = event_fields() %}
{% set configured = event_properties() %}
{% set staged_columns = [
    'event', 'time', 'distinct_id', 'insert_id', 'properties', 'ingested_distinct_id', 'processed_at', 'texts',
] | join(', ') %}

with ranges as (
    select * from {{ changed if is_incremental() else committed }}
),

staged as not materialized (
    select events.*
    from {{ ref('stg_mixpanel__events') }} as events
    semi join ranges
        on
            events.time >= ranges.range_start
            and events.time < ranges.range_end
    -- implied by the join, but only these let DuckDB skip what is outside
    where
        events.time >= (select coalesce(min(bounds.range_start), 'infinity') from ranges as bounds)
        and events.time < (select coalesce(max(bounds.range_end), 'infinity') from ranges as bounds)
),

repeated as (
    select
        event,
        time,
        insert_id
    from staged
    where insert_id <> '' -- Mixpanel never merges what was sent without one
    group by all
    having count(*) > 1
),

-- few have a copy, so ranking all of them would be a waste
single as (
    select staged.*
    from staged
    anti join repeated
        on
            staged.event = repeated.event
            and staged.time = repeated.time
            and staged.insert_id = repeated.insert_id
    where staged.insert_id <> ''
),

copies as (
    select staged.*
    from staged
    semi join repeated
        on
            staged.event = repeated.event
            and staged.time = repeated.time
            and staged.insert_id = repeated.insert_id
),

newest as (
    select *
    from copies
    qualify row_number() over (
        partition by event, time, ingested_distinct_id, insert_id
        order by processed_at desc nulls last, properties::varchar asc nulls last, distinct_id asc nulls last
    ) = 1
),

-- equal in everything, they are still several events: numbered, so that each has a key
without_insert_id as (
    select
        *,
        row_number() over (
            partition by event, time, ingested_distinct_id, md5(properties::varchar) order by distinct_id asc
        ) as copy_number
    from staged
    where coalesce(insert_id, '') = ''
),

kept as (
    select
        {{ staged_columns }},
        null::bigint as copy_number
    from single
    union all
    select
        {{ staged_columns }},
        null::bigint as copy_number
    from newest
    union all
    select
        {{ staged_columns }},
        copy_number
    from without_insert_id
),

named as (
    select
        {% for _, column in fields %}
            texts[{{ loop.index }}] as {{ column }},
        {% endfor %}
        {% for property in configured %}
            texts[{{ loop.index + fields | length }}] as {{ property.alias }},
        {% endfor %}
        event,
        time,
        distinct_id,
        insert_id,
        properties,
        ingested_distinct_id,
        processed_at,
        copy_number
    from kept
),

identified as (
    select
        *,
        {{ event_key() }} as event_key,
        {{ sender_id() }} as sender_id,
        {{ local_time('time') }} as local_time
    from named
)

select
    event,
    time,
    distinct_id,
    insert_id,
    properties,
    processed_at,
    event_key,
    sender_id as user_id, -- until identities are known, which are read off these very rows
    null::uuid as session_id,
    sender_id,
    local_time,
    local_time::date as event_date,
    {{ seconds_between('time', 'processed_at') }} as lateness_seconds,
    {% for _, column in fields %}
        {{ column }},
    {% endfor %}
    {% for property in configured %}
        {{ typed(property) }} as {{ property.alias }},
    {% endfor %}
    {{ failed_casts(configured) }} as failed_casts
from identified
