{# A table with an enforced contract, built whole in one script. dbt's own `table` renames and
   looks up, which takes three times as long for a small table. #}
{% materialization contract_table, adapter='duckdb' %}
    {% call mixpanel_data.in_one_script() %}
        {{ mixpanel_data.create_by_contract(this, sql) }}
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
