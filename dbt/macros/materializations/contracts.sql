-- noqa: disable=layout.indent
{# Create the table with the columns of the model's contract, fill it, and add its comments. #}
{% macro create_by_contract(relation, sql) %}
    {% set existing = load_cached_relation(relation) %}
    {% if existing is not none and existing.is_view %}
        drop view {{ relation }};
    {% endif %}
    {% if config.get('contract').enforced %}
        create or replace table {{ relation }} (
            {{ mixpanel_data.columns_and_checks() | join(', ') }}
        );
        {{ mixpanel_data.require_columns(relation, sql) }}
        {% for select in mixpanel_data.in_batches(sql) %}
            insert into {{ relation }} by name
            {{ select }};
        {% endfor %}
        {{ mixpanel_data.require_unique(relation) }}
    {% else %}
        {% for select in mixpanel_data.in_batches(sql) %}
            {{ 'create or replace table' if loop.first else 'insert into' }} {{ relation }} {{ 'as' if loop.first }}
            {{ select }};
        {% endfor %}
    {% endif %}
    comment on table {{ relation }} is {{ mixpanel_data.literal(model.description | trim) }};
    {% for column in model.columns.values() %}
        comment on column {{ relation }}.{{ adapter.quote(column.name) }} is {{ mixpanel_data.literal(column.description | trim) }};
    {% endfor %}
{% endmacro %}

{% macro columns_and_checks() %}
    {% set definitions = adapter.render_raw_columns_constraints(raw_columns=model.columns) %}
    {% for constraint in model.constraints if constraint.type == 'check' %}
        {% do definitions.append('constraint ' ~ constraint.name ~ ' check (' ~ constraint.expression ~ ')') %}
    {% endfor %}
    {{ return(definitions) }}
{% endmacro %}

{# Raise on rows that agree in the columns which the contract calls unique; nulls agree, too. An
   index would be kept in memory for all rows; this looks at those `among`, a relation of new
   rows, and so follows the change. #}
{% macro require_unique(relation, among=none) %}
    {% for constraint in model.constraints if constraint.type == 'unique' %}
        {% set columns = constraint.columns | join(', ') %}
        select error(
            '{{ relation.identifier }} has ' || count(*) || ' times more than one row for the same {{ columns }}, '
            || 'for example ' || any_value(repeated)::varchar
        )
        from (
            select row({{ columns }}) as repeated
            from {{ relation }} as made
            {% if among %}
                semi join {{ among }} as among
                    on
                        {% for column in constraint.columns %}
                            {{ 'and ' if not loop.first }}made.{{ column }} is not distinct from among.{{ column }}
                        {% endfor %}
            {% endif %}
            group by {{ columns }}
            having count(*) > 1
        )
        having count(*) > 0;
    {% endfor %}
{% endmacro %}

{# Raise on columns, naming them, that the table has and the select has not, or the other way, or
   in another type. #}
{% macro require_columns(relation, sql) %}
    select error(
        'The columns of {{ relation.identifier }} are not those of its contract: ' || string_agg(
            column_name || ' is ' || coalesce(selected.column_type, 'missing')
            || ', to be ' || coalesce(made.column_type, 'left out'),
            '; '
        )
    )
    from (describe {{ relation }}) as made
    full join (
        describe
        {{ sql }}
    ) as selected using (column_name)
    where made.column_type is distinct from selected.column_type
    having count(*) > 0;
{% endmacro %}
