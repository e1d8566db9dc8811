{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_ranges() }}",
) }}

{% set changed = ref('int_changed_ranges') %}
{% set committed = ref('int_committed_ranges') %}

with ranges as (
    select * from {{ changed if is_incremental() else committed }}
),

staged as (
    select events.*
    from {{ ref('stg_mixpanel__events') }} as events
    inner join ranges on events.time >= ranges.range_start and events.time < ranges.range_end
    -- implied by the join; DuckDB skips what lies outside only when told this way
    where
        events.time >= (select min(range_start) from ranges)
        and events.time < (select max(range_end) from ranges)
),

repeated as (
    select
        event,
        time,
        insert_id
    from staged
    where insert_id <> ''  -- sent without one: Mixpanel never merges these
    group by all
    having count(*) > 1
),

single as (
    select staged.*
    from staged
    anti join repeated using (event, time, insert_id)
),

newest as (
    select staged.*
    from staged
    semi join repeated using (event, time, insert_id)
    qualify row_number() over (
        partition by event, time, ingested_distinct_id, insert_id
        order by processed_at desc nulls last, properties::varchar
    ) = 1
),

kept as (
    select * from single
    union all by name
    select * from newest
)

select
    event,
    time,
    distinct_id,
    insert_id,
    properties,
    processed_at
from kept
