{# A table that grows keeps the comments it was made with, and a contract has every column it names: what dbt would look
   up each time is known. A third of what a small table costs. #}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {% if not is_incremental() %}
        {{ default__persist_docs(relation, model, for_relation, for_columns) }}
    {% endif %}
{%- endmacro %}

{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {% for name, column in column_dict.items() %}
        comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column.description) }};
    {% endfor %}
{% endmacro %}

{# There are no indexes to drop before a table is renamed. #}
{% macro drop_indexes_on_relation(relation) %}
{% endmacro %}
