{% set sample = number('catalog_sample_size', 1) %}

-- Looking at every property of every event costs more than all other models together. A key is as good as drawn by
-- lot, and the same events are drawn whatever the loads were.
with drawn as (
    select
        event,
        event_key
    from {{ ref('events') }}
    qualify row_number() over (partition by event order by event_key) <= {{ sample }}
),

sampled as (
    select
        events.event,
        events.time,
        events.properties
    from {{ ref('events') }} as events
    semi join drawn on events.event_key = drawn.event_key
),

sizes as (
    select
        event,
        count(*) as sampled_events
    from sampled
    group by event
),

named as (
    select
        event,
        time,
        properties,
        unnest(list_distinct(json_keys(properties))) as property
    from sampled
),

read as (
    select
        event,
        time,
        property,
        json_extract(
            properties, '/' || replace(replace(property, '~', '~0'), '/', '~1')
        ) as value -- noqa: RF04
    from named
),

typed as (
    select
        *,
        case json_type(value)
            when 'VARCHAR' then 'string'
            when 'BOOLEAN' then 'boolean'
            when 'ARRAY' then 'list'
            when 'OBJECT' then 'object'
            when 'NULL' then 'null'
            else 'number'
        end as json_type
    from read
),

counted as (
    select
        event,
        property,
        count(*) filter (where json_type <> 'null') as defined,
        count(*) filter (where json_type = 'string') as strings,
        count(*) filter (where json_type = 'number') as numbers,
        count(*) filter (where json_type = 'boolean') as booleans,
        count(*) filter (where json_type = 'list') as lists,
        count(*) filter (where json_type = 'object') as objects,
        count(*) filter (where json_type = 'null') as nulls,
        count(distinct json_type) filter (where json_type <> 'null') as types,
        approx_count_distinct(value::varchar) filter (where json_type <> 'null') as distinct_estimate,
        min(time) as first_seen_at,
        max(time) as last_seen_at,
        list_sort(list_distinct(list(left(value::varchar, 100)) filter (where json_type <> 'null')))[:3] as examples
    from typed
    group by
        event,
        property
)

select
    counted.event,
    counted.property,
    sizes.sampled_events,
    counted.defined,
    counted.defined / sizes.sampled_events::double as fill_rate,
    counted.strings,
    counted.numbers,
    counted.booleans,
    counted.lists,
    counted.objects,
    counted.nulls,
    counted.types > 1 as is_mixed_type,
    counted.distinct_estimate,
    case when counted.property not in {{ names('catalog_without_examples') }} then counted.examples end as examples,
    counted.first_seen_at,
    counted.last_seen_at
from counted
inner join sizes on counted.event = sizes.event
