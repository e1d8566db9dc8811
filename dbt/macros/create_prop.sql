-- noqa: disable=layout.indent
{# Create DuckDB's macro `prop`, which reads a property by its name as it is, in the file that is
   built. A path that begins with a slash is a JSON pointer, in which ~ and / of names are escaped. #}
{% macro create_prop() %}
    {{ return(adapter.dispatch('create_prop', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__create_prop() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set prop = api.Relation.create(database=target.database, schema='main', identifier='prop') %}
        create or replace macro {{ prop }}(properties, name) as
            json_extract_string(properties, '/' || replace(replace(name, '~', '~0'), '/', '~1'));
        comment on macro {{ prop }} is
            'prop(properties, name): the value of a property as text, by its name as it is, also with $, a dot or a slash. Null if there is none, or its value is null.'
    {% endif %}
{% endmacro %}
