{# True for times in a range that this build replaces. The bounds are implied by the rest, but
   let DuckDB skip. #}
{% macro is_in_refetched_range(column) -%}
    {{ column }} >= (select coalesce(min(range_start), 'infinity') from {{ ref('int_refetched_ranges') }})
    and {{ column }} < (select coalesce(max(range_end), 'infinity') from {{ ref('int_refetched_ranges') }})
    and exists (
        select 1
        from {{ ref('int_refetched_ranges') }} as changed
        where {{ column }} >= changed.range_start and {{ column }} < changed.range_end
    )
{%- endmacro %}

{# Whether a test of rows looks at all of them. A build from DuckDB tests what it rebuilt. #}
{% macro tests_all_rows() -%}
    {{ return(flags.WHICH == 'test' or target.type == 'mixpanelspark') }}
{%- endmacro %}
