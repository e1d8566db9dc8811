-- noqa: disable=layout.indent
{# How many registers the values of a property are hashed into. Each keeps the rarest hash, which
   gives an estimate of the number of values (HyperLogLog) however days are merged. 256 are right
   within a tenth. #}
{% macro registers() %}{{ return(256) }}{% endmacro %}

{# One row per day, event and property: of which types and values the property was. #}
{% macro days_of_properties() %}
with named as (
    select
        event_date,
        event,
        time,
        unnest(json_keys(properties)) as property,
        unnest(json_extract(properties, '$.*')) as value -- noqa: RF04
    from {{ ref('events') }}
    where {{ when_incremental(is_refetched_date(), of_the_batch()) }}
),

hashed as (
    select
        *,
        json_type(value) as json_type,
        hash(value::varchar) as hashed
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
            then list_sort(list_distinct(list(example) filter (where json_type <> 'NULL')), 'asc', 'nulls last')[:3]
    end as examples,
    list(register) filter (where json_type <> 'NULL') as registers,
    list(rarest) filter (where json_type <> 'NULL') as rarest
from registered
group by
    event_date,
    event,
    property
{% endmacro %}

{# What follows a CTE `days` of such rows: CTEs that merge them, by these columns. #}
{% macro merged_properties(by) %}
{% set columns = by | join(', ') %}
counted as (
    select
        {{ columns }},
        coalesce(sum(defined), 0)::bigint as defined,
        coalesce(sum(strings), 0)::bigint as strings,
        coalesce(sum(numbers), 0)::bigint as numbers,
        coalesce(sum(booleans), 0)::bigint as booleans,
        coalesce(sum(lists), 0)::bigint as lists,
        coalesce(sum(objects), 0)::bigint as objects,
        coalesce(sum(nulls), 0)::bigint as nulls,
        min(first_at) as first_at,
        max(last_at) as last_at
    from days
    group by {{ columns }}
),

shown as (
    select
        {{ columns }},
        list_sort(list(distinct example), 'asc', 'nulls last')[:3] as examples
    from (
        select
            {{ columns }},
            unnest(examples) as example
        from days
    ) as single
    group by {{ columns }}
),

merged as (
    select
        {{ columns }},
        register,
        max(rarest) as rarest
    from (
        select
            {{ columns }},
            unnest(registers) as register,
            unnest(rarest) as rarest
        from days
    ) as single
    group by
        {{ columns }},
        register
)
{% endmacro %}
