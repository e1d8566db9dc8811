-- noqa: disable=layout.indent
{# True for days in a day, week or month of which this build replaces rows: those of `dates`. #}
{% macro is_in_affected(unit, column='event_date', dates=none) -%}
    {{ first_day(unit, column) }} in (
        select {{ first_day(unit, 'event_date') }} from ({{ dates or affected_dates() }}) as affected
    )
{%- endmacro %}

{# True for rows of such a period, by `unit` and `period_start`. #}
{% macro is_affected_period() -%}
    case unit
        {% for unit in ['day', 'week', 'month'] %}
            when '{{ unit }}' then {{ is_in_affected(unit, 'period_start') }}
        {% endfor %}
    end
{%- endmacro %}
