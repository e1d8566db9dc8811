-- noqa: disable=layout.indent
{# Tables that grow, by the strategies `append` and `replace`, in one script. `replace`: what the model's condition
   `replaces` describes goes, and what the model selects comes; the select has run before anything goes, so it may read
   the table itself, and the statement `before_replacing` sees both. Any other strategy is dbt's. #}
{% materialization incremental, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {% set strategy = config.get('incremental_strategy') %}
    {% if strategy not in ('append', 'replace') or model.language != 'sql' %}
        {{ return(dbt.materialization_incremental_duckdb()) }}
    {% endif %}
    {% call in_one_script() %}
        {% if not is_incremental() %}
            {{ create_by_contract(this, sql) }}
        {% elif strategy == 'append' %}
            {{ require_columns(this, sql) }}
            insert into {{ this }} by name
            {{ sql }};
            {{ require_unique(this) }}
        {% else %}
            create or replace temporary table new_rows as
            {{ sql }};
            {{ require_columns(this, 'select * from new_rows') }}
            {{ render(config.get('before_replacing', '')) }}
            delete from {{ this }} where {{ render(config.require('replaces')) }};
            insert into {{ this }} by name select * from new_rows;
            {{ require_unique(this, among='new_rows') }}
        {% endif %}
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
