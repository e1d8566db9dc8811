{# A table with an enforced contract in one script: dbt's own way renames and looks up, which costs three times what a
   small table does. What has no contract, or is no SQL, is dbt's. #}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {% if not config.get('contract').enforced or model.language != 'sql' %}
        {{ return(dbt.materialization_table_duckdb()) }}
    {% endif %}
    {% call in_one_script() %}
        {{ create_by_contract(this, sql) }}
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
