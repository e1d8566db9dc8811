{# A view that is created or replaced in one statement. dbt's own `view` renames the former one,
   for readers of it; no reader opens this file while dbt builds. #}
{% materialization replaced_view, adapter='duckdb' %}
    {% set existing = load_cached_relation(this) %}
    {% if existing is not none and not existing.is_view %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call mixpanel_data.in_one_script() %}
        create or replace view {{ this }} as (
            {{ sql }}
        )
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
