{# What an incremental model of your own asks: which of its rows it has to make anew. See own_models.yml. #}
{% macro changed_dates() -%}
    {{ touched_dates() }}
{%- endmacro %}

{% macro has_changed_events(column='event_date') -%}
    {{ column }} in ({{ changed_dates() }})
{%- endmacro %}

{% macro is_affected_user(column='user_id') -%}
    {{ is_touched_user(column) }}
{%- endmacro %}
