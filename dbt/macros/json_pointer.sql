{# An SQL string that points at a property of any name. #}
{% macro json_pointer(name) -%}
    '/{{ name | replace("~", "~0") | replace("/", "~1") | replace("'", "''") }}'
{%- endmacro %}
