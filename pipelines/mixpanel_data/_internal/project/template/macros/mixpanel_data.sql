{# dbt looks for these two in your project. The first: an incremental model of yours is built from
   scratch when the tables that it reads are. The second: a schema has the name that is configured,
   without a prefix. #}
{% macro should_full_refresh() %}
    {{ return(mixpanel_data.should_full_refresh()) }}
{% endmacro %}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ mixpanel_data.generate_schema_name(custom_schema_name, node) }}
{%- endmacro %}
