-- noqa: disable=layout.indent
{# MP_MEMORY_LIMIT is that of the whole process. dbt itself takes some 200 MB beside DuckDB, with
   1 M events as with five. #}
{% macro reserve_memory_for_python() %}
    {{ return(adapter.dispatch('reserve_memory_for_python', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__reserve_memory_for_python() %}
    {% if execute %}
        {% set limit = "parse_formatted_bytes('" ~ env_var('MP_MEMORY_LIMIT', '2GB') ~ "')" %}
        {% set share = run_query('select greatest(' ~ limit ~ ' - 250e6, ' ~ limit ~ ' / 2)::bigint').rows[0][0] %}
        set memory_limit = '{{ share }}B'
    {% endif %}
{% endmacro %}
