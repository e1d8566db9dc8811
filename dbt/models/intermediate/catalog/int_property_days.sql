{{ config(
    materialized='replaced_rows',
    meta={
        'replaces': "{{ is_refetched_date() }}",
        'batch_by': 'event_date',
        'partitioned_by': 'event_date',
    },
    schema='working',
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
with opened as (
    select
        event_date,
        event,
        time,
        json_keys(properties) as keys,
        json_extract(properties, '$.*') as contents
    from {{ ref('events') }}
    where {{ when_incremental(is_refetched_date(), of_the_batch()) }}
),

-- Of equal keys in one event the first counts, as for `properties ->> 'key'`. The others have
-- no name here, and are left out below.
named as (
    select
        event_date,
        event,
        time,
        unnest(list_transform(
            range(1, array_length(keys) + 1),
            lambda place: case
                when list_position(keys, list_extract(keys, place)) = place then list_extract(keys, place)
            end
        )) as property,
        unnest(contents) as value -- noqa: RF04
    from opened
),

hashed as (
    select
        *,
        json_type(value) as json_type,
        md5_number_lower(value::varchar) as hashed
    from named
    where property is not null
),

registered as (
    select
        event_date,
        event,
        property,
        json_type,
        (hashed & {{ registers() - 1 }})::utinyint as register,
        max((1 + floor(-log2(((hashed >> 8) + 1) / pow(2, 56))))::utinyint) as rarest,
        count(*) as events,
        min(time) as first_at,
        max(time) as last_at,
        min(left(value::varchar, 100)) as example
    from hashed
    group by all
)

select
    event_date,
    event,
    property,
    (sum(events) filter (where json_type <> 'NULL'))::bigint as defined,
    (sum(events) filter (where json_type = 'VARCHAR'))::bigint as strings,
    (sum(events) filter (where json_type not in ('VARCHAR', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL')))::bigint as numbers,
    (sum(events) filter (where json_type = 'BOOLEAN'))::bigint as booleans,
    (sum(events) filter (where json_type = 'ARRAY'))::bigint as lists,
    (sum(events) filter (where json_type = 'OBJECT'))::bigint as objects,
    (sum(events) filter (where json_type = 'NULL'))::bigint as nulls,
    min(first_at) as first_at,
    max(last_at) as last_at,
    case
        when property not in {{ names('catalog_without_examples') }}
            then list_slice(
                list_sort(list_distinct(list(example) filter (where json_type <> 'NULL')), 'asc', 'nulls last'), 1, 3
            )
    end as examples,
    list(register) filter (where json_type <> 'NULL') as registers,
    list(rarest) filter (where json_type <> 'NULL') as rarest
from registered
group by
    event_date,
    event,
    property
