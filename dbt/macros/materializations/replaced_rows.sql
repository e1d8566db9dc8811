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
            {% set replaces = render(config.meta_require('replaces')) %}
            {% if config.meta_get('keeps_equal_rows') %}
                {{ mixpanel_data.replace_different_rows(this, replaces) }}
            {% else %}
                delete from {{ this }} where {{ replaces }};
                insert into {{ this }} by name select * from new_rows;
            {% endif %}
            {{ mixpanel_data.require_unique(this, among='new_rows') }}
        {% else %}
            {{ mixpanel_data.create_by_contract(this, sql) }}
        {% endif %}
    {% endcall %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{# Statements that replace the rows of the relation that the condition is true of by `new_rows`, but
   for rows that have one equal row there. #}
{% macro replace_different_rows(relation, condition) %}
    create or replace temporary table equal_rows as
    select
        former.former_row,
        made.rowid as new_row
    from (
        select
            *,
            rowid as former_row
        from {{ relation }}
        where {{ condition }}
    ) as former
    inner join new_rows as made
        on
            {% for column in model.columns %}
                {{ 'and ' if not loop.first }}former.{{ adapter.quote(column) }} is not distinct from made.{{ adapter.quote(column) }}
            {% endfor %};
    delete from equal_rows
    where former_row in (select former_row from equal_rows group by former_row having count(*) > 1);
    delete from {{ relation }}
    where ({{ condition }}) and rowid not in (select former_row from equal_rows);
    insert into {{ relation }} by name
    select * from new_rows
    where rowid not in (select new_row from equal_rows);
    drop table equal_rows;
{% endmacro %}
