-- noqa: disable=layout.indent
{# Raise if the dbt profile changes what DuckDB takes for the same text or the same day. No other
   setting of a database session changes a result. #}
{% macro require_standard_session() %}
    {{ return(adapter.dispatch('require_standard_session', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__require_standard_session() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set found = run_query("select current_setting('default_collation'), current_setting('Calendar')").rows[0] %}
        {% for name, value, plain in [
            ('default_collation', found[0], ['', 'binary']), ('Calendar', found[1], ['gregorian'])
        ] if value | lower not in plain %}
            {% do exceptions.raise_compiler_error(
                "The dbt profile sets " ~ name ~ " to " ~ value ~ ", by which names or days would be others. Remove it"
                ~ " from the profile's settings."
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
