-- noqa: disable=layout.indent
{# Statements that replace the rows of the relation that the condition is true of by `new_rows`; with
   `meta.keeps_equal_rows`, all but those that have one equal row there. #}
{% macro replace_by_new_rows(relation, condition) %}
    {% if not config.meta_get('keeps_equal_rows') %}
        delete from {{ relation }} where {{ condition }};
        insert into {{ relation }} by name select * from new_rows;
    {% else %}
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
    {% endif %}
{% endmacro %}
