{# A view in one statement: none is renamed, since nobody else reads while dbt builds. #}
{% materialization view, adapter='duckdb' %}
    {% set existing = load_cached_relation(this) %}
    {% if existing is not none and not existing.is_view %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call in_one_script() %}
        create or replace view {{ this }} as (
            {{ sql }}
        )
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
