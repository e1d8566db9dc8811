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

{# First day of the day, week or month in which a date lies. #}
{% macro first_day(unit, column) -%}
    {% if unit == 'week' -%}
        {% set days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] -%}
        {% set shift = days.index(choice('week_start', days)) -%}
        {{ 'date_trunc(\'week\', ' ~ column ~ ')' if shift == 0
            else '(date_trunc(\'week\', ' ~ column ~ ' - ' ~ shift ~ ') + ' ~ shift ~ ')' }}::date
    {%- elif unit == 'day' -%}
        {{ column }}
    {%- else -%}
        date_trunc('{{ unit }}', {{ column }})::date
    {%- endif %}
{%- endmacro %}

{# How many days, weeks or months lie between two dates by the calendar: 0 in the same one, 1 in the next. #}
{% macro periods_between(unit, earlier, later) -%}
    {% if unit == 'day' -%}
        {{ later }} - {{ earlier }}
    {%- elif unit == 'week' -%}
        ({{ first_day('week', later) }} - {{ first_day('week', earlier) }}) // 7
    {%- else -%}
        date_diff('{{ unit }}', {{ earlier }}, {{ later }})
    {%- endif %}
{%- endmacro %}
