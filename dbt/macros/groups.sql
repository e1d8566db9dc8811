-- noqa: disable=layout.indent
{# The variable `group_keys`, checked. #}
{% macro group_keys() %}
    {% do names('group_keys') %}
    {{ return(var('group_keys') | unique(case_sensitive=true) | list) }}
{% endmacro %}

{# A property as a list of texts: the values of a list, or the single value. A list of one null where
   the property is missing. #}
{% macro property_values(name) %}
    {{ return(adapter.dispatch('property_values', 'mixpanel_data')(name)) }}
{% endmacro %}

{% macro duckdb__property_values(name) -%}
    case
        when json_type(properties, {{ json_pointer(name) }}) = 'ARRAY'
            then json_extract(properties, {{ json_pointer(name) }})::varchar[]
        else [json_extract_string(properties, {{ json_pointer(name) }})]
    end
{%- endmacro %}
