{# A table in which each build replaces the rows that the condition `meta.replaces` is true of by
   those that the model selects, in one script. The select has run before anything is deleted, so
   it may read the table itself, and the statement `meta.before_replacing` sees the old rows in
   the table and the new ones in `new_rows`.

   With `meta.keeps_equal_rows`, rows that the model selects as they are stay where they are. Where
   a changed day makes the rows of its users be selected, at any age, a build writes only those that
   differ: the cost and the size of the file follow the change, and not the history of the users. #}
{% materialization replaced_rows, adapter='duckdb' %}
    {% call mixpanel_data.in_one_script() %}
        {% if mixpanel_data.is_incremental() %}
            create or replace temporary table new_rows as
            {{ sql }};
            {{ mixpanel_data.require_columns(this, 'select * from new_rows') }}
            {{ render(config.meta_get('before_replacing', '')) }}
            {{ mixpanel_data.replace_by_new_rows(this, render(config.meta_require('replaces'))) }}
            {{ mixpanel_data.require_unique(this, among='new_rows') }}
        {% else %}
            {{ mixpanel_data.create_by_contract(this, sql) }}
        {% endif %}
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
