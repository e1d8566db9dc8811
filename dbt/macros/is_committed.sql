{# True for rows whose load package is complete; `_dlt_loads` may list one twice, so never join. #}
{% macro is_committed() -%}
    load_id in (select load_id from {{ source('mixpanel', '_dlt_loads') }} where status = 0)
{%- endmacro %}
