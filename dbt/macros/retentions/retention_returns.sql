-- noqa: disable=layout.indent,layout.long_lines
{# The CTE `returns`: the intervals in which a user returned, counted from 0, each once. A rolling
   interval has 1, 7 or 30 days of 24 hours from the instant of the birth on; one by the calendar is
   a day, week or month, from the first day of the cohort on. The birth itself is no return. #}
{% macro retention_returns() %}
{% set days = {'day': 1, 'week': 7, 'month': 30} %}
{% set not_before = '<=' if switch('retention_return_at_birth_instant') else '<' %}
returns_by_unit as (
    {% for retention in retentions() %}
        select
            births.retention,
            births.user_id,
            births.cohort_start,
            {% if retention.mode == 'rolling' %}
                (epoch_us(events.time) - epoch_us(births.born_at)) // {{ days[retention.unit] * 86400000000 }}
            {% elif retention.unit == 'month' %}
                date_diff('month', births.cohort_start, events.event_date)
            {% else %}
                date_diff('day', births.cohort_start, {{ first_day(retention.unit, 'events.event_date') }}) // {{ days[retention.unit] }}
            {% endif %} as interval_number,
            {{ 'coalesce(sum(events.value_' ~ loop.index ~ '), 0)' if retention.value else 'null::double' }} as value_sum
        from births
        inner join events on births.user_id = events.user_id and births.born_at {{ not_before }} events.time
        where
            births.retention = '{{ retention.name | replace("'", "''") }}'
            and births.birth_key <> events.event_key
            and {{ is_any_of(retention.return_events, 'events.event') }}{{ ' and events.is_return_' ~ loop.index if retention.return_where }}
        group by
            births.retention,
            births.user_id,
            births.cohort_start,
            interval_number
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as user_id,
        null::date as cohort_start,
        null::bigint as interval_number,
        null::double as value_sum
    where false
),

{% if retentions() | selectattr('brackets') | list %}
-- with brackets, the number of the bracket in place of that of the unit; of what is after the last
-- one, the number that follows
returns as (
    select
        retention,
        user_id,
        cohort_start,
        {{ bracket_number() }} as interval_number,
        sum(value_sum) as value_sum
    from returns_by_unit
    group by
        retention,
        user_id,
        cohort_start,
        {{ bracket_number() }}
),
{% else %}
returns as (
    select * from returns_by_unit
),
{% endif %}
{% endmacro %}

{# The interval of a unit: a bracket, if the retention has some. #}
{% macro bracket_number() -%}
    case
        {% for retention in retentions() | selectattr('brackets') %}
            {% for bound in retention.bounds[1:] %}
                when retention = {{ literal(retention.name) }} and interval_number < {{ bound }} then {{ loop.index0 }}
            {% endfor %}
            when retention = {{ literal(retention.name) }} then {{ retention.brackets | length }}
        {% endfor %}
        else interval_number
    end
{%- endmacro %}
