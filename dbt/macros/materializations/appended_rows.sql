{# A table to which each build adds the rows that the model selects, in one script. #}
{% materialization appended_rows, adapter='duckdb' %}
    {% call mixpanel_data.in_one_script() %}
        {% if mixpanel_data.is_incremental() %}
            {{ mixpanel_data.require_columns(this, sql) }}
            insert into {{ this }} by name
            {{ sql }};
            {{ mixpanel_data.require_unique(this) }}
        {% else %}
            {{ mixpanel_data.create_by_contract(this, sql) }}
        {% endif %}
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
