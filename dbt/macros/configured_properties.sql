-- noqa: disable=layout.indent
{# A variable that configures columns, checked: a list of {name, alias, type, sql_type}.
   `columns` are the names that are taken already. #}
{% macro configured_properties(variable, columns) %}
    {% set sql_types = {
        'string': 'varchar', 'number': 'double', 'integer': 'bigint', 'boolean': 'boolean', 'date': 'date',
        'datetime': 'timestamp',
    } %}
    {% set taken = columns | list %}
    {% set entries = [] %}
    {% for property in var(variable) %}
        {% set where = "Variable " ~ variable ~ ", entry " ~ loop.index ~ ": " %}
        {% if property is not mapping or not property.get('name') or not property.get('alias') %}
            {% do exceptions.raise_compiler_error(
                where ~ "it needs a name, an alias and a type, not " ~ property ~ "."
            ) %}
        {% endif %}
        {% if property.get('type') not in sql_types %}
            {% do exceptions.raise_compiler_error(
                where ~ "the type of " ~ property.alias ~ " is " ~ property.get('type') ~ ", which is none of "
                ~ sql_types | join(', ') ~ "."
            ) %}
        {% endif %}
        {% if not modules.re.fullmatch('[a-z_][a-z0-9_]*', property.alias) %}
            {% do exceptions.raise_compiler_error(
                where ~ "the alias " ~ property.alias ~ " may hold small letters, digits and underscores only."
            ) %}
        {% endif %}
        {% if property.alias in taken %}
            {% do exceptions.raise_compiler_error(
                where ~ "there is a column " ~ property.alias ~ " already. Choose another alias."
            ) %}
        {% endif %}
        {% do taken.append(property.alias) %}
        {% do entries.append({
            'name': property.name, 'alias': property.alias, 'type': property.type, 'sql_type': sql_types[property.type]
        }) %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# A contract names its columns in yml, where configured ones can't be listed: this adds them, and
   their comments, while the model is built. #}
{% macro declare_properties(properties) %}
    {% for property in properties %}
        {% do model['columns'].update({property.alias: {
            'name': property.alias,
            'data_type': property.sql_type,
            'description': 'Property `' ~ property.name ~ '`, as ' ~ property.type ~ '.',
            'constraints': [],
        }}) %}
    {% endfor %}
{% endmacro %}
