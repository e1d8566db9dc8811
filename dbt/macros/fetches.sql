{# The raw ledger. Where version 0.1.0 wrote all of it, it has no load numbers: they are null
   then. #}
{% macro fetches() %}
    {{ return(adapter.dispatch('fetches', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__fetches() -%}
    (
        select * from {{ source('mixpanel', '_metadata') }}
        union all by name
        select null::bigint as load_number where false
    )
{%- endmacro %}

{# A value that is greatest for the newest fetch: that of the last load, also if a clock was put
   back. Fetches without a load number are older than all that have one; among them the time of the
   fetch decides. #}
{% macro in_order_of_loads() -%}
    (coalesce(load_number, 0), fetched_at, load_id)
{%- endmacro %}
