-- noqa: disable=layout.indent,layout.long_lines
{# The columns of the CTE that reads events, of a value: its number, if the column has numbers, and
   else its text. #}
{% macro read_value(value, name) -%}
    {% if value.column -%}
        ({{ segment_value(value.column) }}){{ '::double' if has_numbers(value) else '::varchar' }} as {{ name }}
    {%- else -%}
        {% set field = json_pointer(value.field)[1:-1] if value.field and not value.list else '' -%}
        json_extract_string(properties, {{ json_pointer(value.property)[:-1] ~ field ~ "'" }}) as {{ name }}
    {%- endif %}
{%- endmacro %}

{# True for a column of numbers. #}
{% macro has_numbers(value) %}
    {% set columns = event_properties() | selectattr('type', 'in', ['number', 'integer']) | map(attribute='alias') | list %}
    {{ return(value.column in columns + ['lateness_seconds']) }}
{% endmacro %}

{# The number of a value that `read_value` has read. #}
{% macro number_of_value(value, name) -%}
    {{ name if has_numbers(value) else read_as_number(name) }}
{%- endmacro %}

{# The items of a list that `read_value` has read, as texts, or what `field` names in each of them. A
   text that is no list is the only item. #}
{% macro items_of_value(value, name) -%}
    {% set items -%}
        {% if value.field -%}
            list_transform(
                json_extract({{ name }}, '$[*]'),
                lambda item: json_extract_string(item, {{ json_pointer(value.field) }})
            )
        {%- else -%}
            json_extract_string({{ name }}, '$[*]')
        {%- endif %}
    {%- endset -%}
    case when {{ is_json_list(name) }} then {{ items }} else [{{ name }}] end
{%- endmacro %}

{# True for the text of a JSON list. #}
{% macro is_json_list(text) %}
    {{ return(adapter.dispatch('is_json_list', 'mixpanel_data')(text)) }}
{% endmacro %}

{% macro duckdb__is_json_list(text) -%}
    (starts_with({{ text }}, '[') and json_valid({{ text }}))
{%- endmacro %}

{# The names of the segments of an event by a list: one for each item, and each of them once. #}
{% macro segment_names(value, name) -%}
    list_distinct(
        list_transform(
            coalesce(nullif(list_distinct({{ items_of_value(value, name) }}), []), [null::varchar]),
            lambda item: {{ segment_name(value, 'item') }}
        )
    )
{%- endmacro %}

{# The name of a segment. Of numbers it is a bucket, from its lower bound up to and without its
   upper one. #}
{% macro segment_name(value, name) -%}
    {% if value.buckets -%}
        {% set number = number_of_value(value, name) -%}
        case
            when {{ name }} is null then '(not set)'
            {% if not has_numbers(value) %}
                when {{ number }} is null then '(non-numeric values)'
            {% endif %}
            {% for upper in value.buckets %}
                when {{ number }} < {{ upper }}
                    then '{{ '< ' if loop.first else '{:,} - '.format(loop.previtem) }}{{ '{:,}'.format(upper) }}'
            {% endfor %}
            else '≥ {{ '{:,}'.format(value.buckets[-1]) }}'
        end
    {%- else -%}
        coalesce({{ name }}::varchar, '(not set)')
    {%- endif %}
{%- endmacro %}
