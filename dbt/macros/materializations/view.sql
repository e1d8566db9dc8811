{# A view in one statement: none is renamed, since nobody else reads while dbt builds. #}
{% materialization view, adapter='duckdb' %}
    {% set existing = load_cached_relation(this) %}
    {% if existing is not none and not existing.is_view %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        create or replace view {{ this }} as (
            {{ sql }}
        )
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
