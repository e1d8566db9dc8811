{# A variable that must be one of `allowed`. #}
{% macro choice(name, allowed) %}
    {% if var(name) not in allowed %}
        {% do exceptions.raise_compiler_error(
            "Variable " ~ name ~ ": " ~ var(name) ~ " is none of " ~ allowed | join(', ') ~ "."
        ) %}
    {% endif %}
    {{ return(var(name)) }}
{% endmacro %}

{# A variable that must be a number, not below `least`. #}
{% macro number(name, least) %}
    {% if var(name) is not number or var(name) is boolean or var(name) < least %}
        {% do exceptions.raise_compiler_error(
            "Variable " ~ name ~ ": " ~ var(name) ~ " is no number from " ~ least ~ " up."
        ) %}
    {% endif %}
    {{ return(var(name)) }}
{% endmacro %}

{# A variable that must be true or false. #}
{% macro switch(name) %}
    {% if var(name) is not boolean %}
        {% do exceptions.raise_compiler_error("Variable " ~ name ~ ": " ~ var(name) ~ " is neither true nor false.") %}
    {% endif %}
    {{ return(var(name)) }}
{% endmacro %}

{# A variable that must be a list of strings, as what follows `in`. #}
{% macro names(name) %}
    {% set listed = var(name) %}
    {% if listed is string or listed is mapping or listed is not iterable or listed | reject('string') | list %}
        {% do exceptions.raise_compiler_error("Variable " ~ name ~ ": " ~ listed ~ " is no list of names.") %}
    {% endif %}
    {{ return(literals(listed)) }}
{% endmacro %}

{% macro literal(text) %}{{ return("'" ~ text | replace("'", "''") ~ "'") }}{% endmacro %}

{# What follows `in`. Of no values the empty name, which no event has. #}
{% macro literals(listed) %}
    {% set quoted = [] %}
    {% for value in listed %}
        {% do quoted.append(literal(value)) %}
    {% endfor %}
    {{ return('(' ~ (quoted | join(', ') or "''") ~ ')') }}
{% endmacro %}

{# True for events that "all events" means: those not hidden in Lexicon. #}
{% macro is_counted(column='event') -%}
    {{ column }} not in {{ names('hidden_events') }}
{%- endmacro %}
