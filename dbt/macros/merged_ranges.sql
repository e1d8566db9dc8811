{# What follows a CTE `fetches`: one row per range of time they cover, touching and overlapping
   ones merged. #}
{% macro merged_ranges() %}
opened as (
    select
        range_start,
        range_end,
        coalesce(range_start > max(range_end) over earlier, true) as is_first
    from fetches
    window earlier as (order by range_start asc, range_end asc rows between unbounded preceding and 1 preceding)
),

numbered as (
    select
        range_start,
        range_end,
        sum(is_first::int) over (order by range_start asc, range_end asc rows unbounded preceding) as range_number
    from opened
)

select
    min(range_start) as range_start,
    max(range_end) as range_end
from numbered
group by range_number
{% endmacro %}
