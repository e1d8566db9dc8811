-- noqa: disable=layout.indent
{# The variable `revenue`, checked. #}
{% macro revenues() %}
    {% set entries = definitions('revenue', {'events': none, 'amount': none, 'currency': ''}) %}
    {% for entry in entries %}
        {% do require_names('revenue', entry, 'events') %}
        {% if entry.amount is not string or not entry.amount %}
            {% do exceptions.raise_compiler_error(
                "Variable revenue, " ~ entry.name ~ ": amount is " ~ entry.amount
                ~ ", which is no name of a column or property."
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{% macro require_known_revenue_events() %}
    {% for entry in revenues() %}
        {% do require_known_events('revenue', entry.events) %}
    {% endfor %}
{% endmacro %}

{# A column of `events`, if there is one of this name, else the property of this name, as text. #}
{% macro event_value(name) -%}
    {% set columns = event_fields() | map('last') | list + event_properties() | map(attribute='alias') | list -%}
    {{ name ~ '::varchar' if name in columns else 'json_extract_string(properties, ' ~ json_pointer(name) ~ ')' }}
{%- endmacro %}

{# Money of a text that the type number reads: decimal digits, where a double would round. The text
   of a double has as few digits as identify it, so 19.99 stays 19.99. #}
{% macro read_as_money(text) -%}
    case
        when regexp_full_match({{ text }}, '\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*', 'i')
            then try_cast({{ text }} as decimal(20, 6))
    end
{%- endmacro %}

{# The months that `revenue_cohorts` and `revenue_movements` count users by. #}
{% macro months_later(month, months) -%}
    ({{ month }} + to_months(({{ months }})::integer))::date
{%- endmacro %}
