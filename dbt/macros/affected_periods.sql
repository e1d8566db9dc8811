-- noqa: disable=layout.indent
{# The days, weeks and months with a day of which this build replaces rows. #}
{% macro affected_periods() -%}
    {% for unit in ['day', 'week', 'month'] %}
        select
            '{{ unit }}' as unit,
            {{ first_day(unit, 'event_date') }} as period_start
        from ({{ affected_dates() }}) as affected_{{ unit }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# True for rows of such a period. #}
{% macro is_affected_period() -%}
    (unit, period_start) in (select (unit, period_start) from ({{ affected_periods() }}) as affected)
{%- endmacro %}
