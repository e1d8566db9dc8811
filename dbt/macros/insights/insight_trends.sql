-- noqa: disable=layout.indent,layout.long_lines
{# The number of a period, one more than that of the period before. #}
{% macro period_number(unit) -%}
    {% set days = "date_diff('day', date '2000-01-01', period_start::date)" -%}
    {% if unit == 'hour' -%}
        epoch_us(starts_at) // 3600000000
    {%- elif unit == 'day' -%}
        {{ days }}
    {%- elif unit == 'week' -%}
        {{ days }} // 7
    {%- else -%}
        date_diff('month', date '2000-01-01', period_start::date)
    {%- endif %}
{%- endmacro %}

{# When a period begins, UTC, that is so many after the one of the row, or before it if the number is
   negative. #}
{% macro start_of_period(unit, after) -%}
    {% set shift = ('+' if after >= 0 else '-') ~ ' interval ' ~ after | abs ~ ' ' ~ unit -%}
    {% if unit == 'hour' -%}
        starts_at {{ shift }}
    {%- else -%}
        {{ start_of_day('(period_start ' ~ shift ~ ')::date') }}
    {%- endif %}
{%- endmacro %}

{# The rows of a metric in one unit with the mean of the last periods, and the sum of all up to the
   row. #}
{% macro insight_trends(metric, unit) %}
select
    metric,
    unit,
    period_start,
    starts_at,
    segment_1,
    segment_2,
    value,
    {% if metric.rolling %}
        sum(value) over last_periods / {{ metric.rolling if metric.adds_up else 'count(value) over last_periods' }}
            as rolling_average,
    {% else %}
        null::double as rolling_average,
    {% endif %}
    {{ 'sum(value) over all_periods' if metric.cumulative else 'null::double' }} as cumulative,
    {{ start_of_period(unit, 1) }} as ends_at,
    {{ start_of_period(unit, 1 - metric.rolling) if metric.rolling else 'null::timestamp' }} as rolling_from,
    {{ metric.cumulative | lower }} as is_cumulative
from (
    select
        *,
        {{ period_number(unit) }} as period_number
    from {{ ref('insights') }}
    where metric = {{ literal(metric.name) }} and unit = '{{ unit }}'
) as numbered
window
    last_periods as (
        partition by segment_1, segment_2 order by period_number asc
        range between {{ [metric.rolling - 1, 0] | max }} preceding and current row
    ),
    all_periods as (
        partition by segment_1, segment_2 order by period_number asc
        range between unbounded preceding and current row
    )
{% endmacro %}
