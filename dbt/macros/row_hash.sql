{# A whole number that is equal for rows with equal values, on one engine; and the sum of such
   numbers, which differs for groups of other rows, also in another order. #}
{% macro row_hash(columns) %}
    {{ return(adapter.dispatch('row_hash', 'mixpanel_data')(columns)) }}
{% endmacro %}

{% macro duckdb__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro mixpanelspark__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}

{% macro sum_of_hashes(hashes, copies='1') %}
    {{ return(adapter.dispatch('sum_of_hashes', 'mixpanel_data')(hashes, copies)) }}
{% endmacro %}

{% macro duckdb__sum_of_hashes(hashes, copies='1') -%}
    sum({{ hashes }} * {{ copies }}::hugeint)
{%- endmacro %}

{# Beyond 64 bits Spark begins from the other end, in any order. #}
{% macro mixpanelspark__sum_of_hashes(hashes, copies='1') -%}
    sum({{ hashes }} * {{ copies }})
{%- endmacro %}
