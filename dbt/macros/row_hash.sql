{# A whole number of 64 bits that is equal for rows with equal values, on one engine. #}
{% macro row_hash(columns) %}{{ return(adapter.dispatch('row_hash', 'mixpanel_data')(columns)) }}{% endmacro %}

{% macro duckdb__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro mixpanelspark__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}
