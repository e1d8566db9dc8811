{# A table with an enforced contract in one script: dbt's own way renames and looks up, which costs three times what a
   small table does. What has no contract, or is no SQL, is dbt's. #}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {% if not config.get('contract').enforced or model.language != 'sql' %}
        {{ return(dbt.materialization_table_duckdb()) }}
    {% endif %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        {{ create_by_contract(this, sql) }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
