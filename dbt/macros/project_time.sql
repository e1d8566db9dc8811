{# The zone in which Mixpanel draws its days: the variable, else MP_PROJECT_TIMEZONE, else UTC. #}
{% macro project_timezone() -%}
    {{ return(var('project_timezone') or env_var('MP_PROJECT_TIMEZONE', '') or 'UTC') }}
{%- endmacro %}

{# What a clock in the project's zone shows at a time in UTC. #}
{% macro local_time(column) -%}
    {% set zone = project_timezone() -%}
    {% if zone == 'UTC' -%}
        {{ column }}
    {%- else -%}
        timezone('{{ zone | replace("'", "''") }}', timezone('UTC', {{ column }}))
    {%- endif %}
{%- endmacro %}

{# When a date begins in the project's zone, UTC. A midnight that the clocks skip is the instant
   they skip it; of one that they show twice the first counts. #}
{% macro start_of_day(column) -%}
    {% set zone = project_timezone() -%}
    {% if zone == 'UTC' -%}
        {{ column }}::timestamp
    {%- else -%}
        {% set named = "'" ~ zone | replace("'", "''") ~ "'" -%}
        {% set midnight = "timezone('UTC', timezone(" ~ named ~ ', (' ~ column ~ ')::timestamp))' -%}
        {% set hour_before = '(' ~ midnight ~ ' - interval 1 hour)' -%}
        case
            when {{ local_time(hour_before) }}::date = {{ column }} then {{ hour_before }}
            else {{ midnight }}
        end
    {%- endif %}
{%- endmacro %}

{# Seconds from one time to a later one, exact to the microsecond. Never a difference of two
   `epoch()`: numbers so large have no microseconds left. #}
{% macro seconds_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1e6
{%- endmacro %}

{# First day of the day, week or month of a date. #}
{% macro first_day(unit, column) -%}
    {% if unit == 'week' -%}
        {% set days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] -%}
        {% set shift = days.index(choice('week_start', days)) -%}
        {%- set monday = "date_trunc('week', " ~ column ~ (' - ' ~ shift if shift else '') ~ ')::date' -%}
        {{ '(' ~ monday ~ ' + ' ~ shift ~ ')' if shift else monday }}
    {%- elif unit == 'day' -%}
        {{ column }}
    {%- else -%}
        date_trunc('{{ unit }}', {{ column }})::date
    {%- endif %}
{%- endmacro %}

{# How many days, weeks or months lie between two dates by the calendar: 0 in the same one, 1 in
   the next. #}
{% macro periods_between(unit, earlier, later) -%}
    {% if unit == 'day' -%}
        date_diff('day', {{ earlier }}, {{ later }})
    {%- elif unit == 'week' -%}
        date_diff('day', {{ first_day('week', earlier) }}, {{ first_day('week', later) }}) // 7
    {%- else -%}
        date_diff('{{ unit }}', {{ earlier }}, {{ later }})
    {%- endif %}
{%- endmacro %}

{# The hour of a local time as a bit, so that `bit_or` collects the hours of many. #}
{% macro bit_of_hour(column) -%}
    (1 << extract('hour' from {{ column }})::integer)::integer
{%- endmacro %}
