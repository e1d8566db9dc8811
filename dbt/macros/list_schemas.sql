{# dbt's own compares the catalogue's names with one in quotes, finds none, so every build
   creates its schemas. #}
{% macro duckdb__list_schemas(database) %}
    {{ return(run_query(
        "select schema_name from system.information_schema.schemata where lower(catalog_name) = "
        ~ mixpanel_data.literal(database | replace('"', '') | lower)
    )) }}
{% endmacro %}
