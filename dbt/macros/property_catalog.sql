-- noqa: disable=layout.indent
{# How many registers the values of a property are hashed into. Each keeps the rarest hash, which
   gives an estimate of the number of values (HyperLogLog) however days are merged. 256 are right
   within a tenth. #}
{% macro registers() %}{{ return(256) }}{% endmacro %}

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
        list_slice(list_sort(list(distinct example), 'asc', 'nulls last'), 1, 3) as examples
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
