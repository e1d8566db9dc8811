{# The value of dbt's `is_incremental`, for the materializations of this project too. False in unit
   tests, which have no table to add to; `overrides: {macros: {is_incremental: true}}` tests the
   other case. #}
{% macro is_incremental() %}
    {{ return(adapter.dispatch('is_incremental', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__is_incremental() %}
    {% if not execute or model.resource_type == 'unit_test' %}
        {{ return(false) }}
    {% elif not mixpanel_data.has_materialization_of_ours(model) %}
        {{ return(dbt.is_incremental()) }}
    {% endif %}
    {% set relation = load_relation(this) %}
    {{ return(relation is not none and relation.is_table and not mixpanel_data.should_full_refresh()) }}
{% endmacro %}

{% macro has_materialization_of_ours(node) %}
    {{ return(node.config.materialized in ('appended_rows', 'replaced_rows')) }}
{% endmacro %}

{# True for a node whose table keeps rows from one build to the next. #}
{% macro keeps_rows(node) %}
    {{ return(node.config.materialized == 'incremental' or mixpanel_data.has_materialization_of_ours(node)) }}
{% endmacro %}
