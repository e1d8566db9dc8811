{# True for rows whose load package is whole; `_dlt_loads` may list one twice, so never join. #}
{% macro is_committed() -%}
load_id in (select load_id from {{ source('mixpanel', '_dlt_loads') }} where status = 0)
{%- endmacro %}

{# One row per stretch of time that the ledger vouches for in raw events, touching stretches merged: `range_start`,
   `range_end` (exclusive). With `only_new`, those of loads the file being built has not caught up with. #}
{% macro event_ranges(only_new) %}
with fetched as (
    select
        range_start,
        range_end
    from {{ source('mixpanel', '_metadata') }}
    where
        table_name = 'events'
        and {{ is_committed() }}
        {% if only_new -%}
        and load_id not in (select load_id from {{ source('built', '_metadata') }})
        {%- endif %}
),

opened as (
    select
        *,
        coalesce(range_start > max(range_end) over earlier, true) as is_first
    from fetched
    window earlier as (order by range_start, range_end rows between unbounded preceding and 1 preceding)
),

numbered as (
    select
        *,
        sum(is_first::int) over (order by range_start, range_end rows unbounded preceding) as stretch
    from opened
)

select
    min(range_start) as range_start,
    max(range_end) as range_end
from numbered
group by stretch
{% endmacro %}

{# Deletes what is about to be built again. A day that lost its events thus becomes empty. #}
{% macro delete_changed_ranges() %}
{% if is_incremental() %}
delete from {{ this }}
using ({{ event_ranges(only_new=true) }}) as changed
where {{ this }}.time >= changed.range_start and {{ this }}.time < changed.range_end
{% endif %}
{% endmacro %}
