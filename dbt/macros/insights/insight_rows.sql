-- noqa: disable=layout.indent,layout.long_lines
{# True for days in an hour, a day, a week or a month of which this build replaces rows. The hours of
   a day are replaced together. Values that are borrowed on a day may come from days before it, and a
   metric by cohorts has other days, too, on which a user is a member now or is none. #}
{% macro is_in_affected_unit(unit, column='event_date', borrow_days=0, by_cohorts=false) -%}
    {% set dates = affected_insight_dates(by_cohorts) -%}
    {% set period = 'day' if unit == 'hour' else unit -%}
    {% if borrow_days -%}
        {{ first_day(period, column) }} in (
            select {{ first_day(period, 'borrowed_date') }}
            from (
                -- a day more, since the clocks may go forward in between
                select event_date + unnest(range({{ borrow_days + 2 }}))::integer as borrowed_date
                from ({{ dates }}) as affected
            ) as borrowing
        )
    {%- else -%}
        {{ is_in_affected(period, column, dates) }}
    {%- endif %}
{%- endmacro %}

{% macro affected_insight_dates(by_cohorts) -%}
    {{ affected_dates() }}
    {%- if by_cohorts %}
        union all
        select event_date from {{ state_table('changed_cohort_days') }}
    {%- endif %}
{%- endmacro %}

{# True for rows of `insights` that this build replaces. #}
{% macro is_affected_insight() -%}
    case
        {% for metric in insight_metrics() if metric.borrow_days or metric.cohorts %}
            {% for unit in metric.units %}
                when metric = {{ literal(metric.name) }} and unit = '{{ unit }}'
                    then {{ is_in_affected_unit(unit, 'period_start::date', metric.borrow_days, metric.cohorts) }}
            {% endfor %}
        {% endfor %}
        {% for unit in ['hour', 'day', 'week', 'month'] %}
            when unit = '{{ unit }}' then {{ is_in_affected_unit(unit, 'period_start::date') }}
        {% endfor %}
    end
{%- endmacro %}

{# The aggregate of a measure: over events, of which `measured` is a number or a text, or over
   users. #}
{% macro insight_aggregate(measure) -%}
    {% if measure == 'total' -%}
        count(*)
    {%- elif measure == 'unique' -%}
        count(distinct user_id)
    {%- elif measure == 'sessions' -%}
        count(distinct session_id)
    {%- elif measure == 'distinct' -%}
        count(distinct measured)
    {%- elif measure == 'average' -%}
        sum(measured) / count(measured)::double
    {%- elif measure in ['sum', 'median', 'min', 'max'] -%}
        {{ measure }}(measured)
    {%- else -%}
        quantile_cont(measured, {{ measure[1:] | int / 100 }})
    {%- endif %}
{%- endmacro %}

{# The CTEs of `lent_<suffix>`: the events that are read, with the values that are borrowed: of the
   latest event before it within so many days that has one, if it has none itself. Of several events
   at one instant, the one with the last key lends. #}
{% macro with_borrowed_values(metric, unit, suffix, values, is_of_the_build) %}
{% set period = 'day' if unit == 'hour' else unit %}
{% for name, value in values if value.borrow_days %}
{{ name }}_{{ suffix }} as (
    select
        user_id,
        time as lent_at,
        arg_max({{ name }}, event_key) as {{ name }}
    from (
        select
            user_id,
            time,
            event_key,
            {{ read_value(value, name) }}
        from {{ ref('events') }}
        {% set since -%}
            (
                select min({{ first_day(period, 'event_date') }}) - {{ value.borrow_days + 1 }}
                from ({{ affected_insight_dates(metric.cohorts) }}) as affected
            )
        {%- endset %}
        where user_id is not null and {{ when_incremental('event_date >= ' ~ since) }}
    ) as lenders
    where {{ name }} is not null
    group by
        user_id,
        time
),
{% endfor %}

lent_{{ suffix }} as (
    select
        events.period_date,
        {% if unit == 'hour' %}
            events.local_time,
        {% endif %}
        events.time,
        {% if metric.segment_at != 'any' %}
            events.event_key,
        {% endif %}
        {% for name, value in values %}
            {% if value.borrow_days %}
                coalesce(
                    events.{{ name }},
                    case
                        when of_{{ name }}.lent_at >= events.time - interval {{ value.borrow_days }} day then of_{{ name }}.{{ name }}
                    end
                ) as {{ name }},
            {% else %}
                events.{{ name }},
            {% endif %}
        {% endfor %}
        events.session_id,
        events.user_id
    from (
        select *
        from read_{{ suffix }}
        where {{ is_of_the_build }}
    ) as events
    {% for name, value in values if value.borrow_days %}
        asof left join {{ name }}_{{ suffix }} as of_{{ name }}
            on events.user_id = of_{{ name }}.user_id and events.time > of_{{ name }}.lent_at
    {% endfor %}
),
{% endmacro %}

{# The rows of one metric in one unit: over all events, by the first segment, and by both. An event
   counts once in each segment, so the rows over all are no sum of others if users are counted. The
   `suffix` makes names of CTEs that no other metric has: Spark has one place for all of them. #}
{% macro insight_rows(metric, unit, suffix) %}
{% set keys = ['period_start', 'starts_at'] %}
{% set lists = [] %}
{% for segment in metric.segments %}
    {% do lists.append('segment_' ~ loop.index if segment.list else '') %}
{% endfor %}
{% set values = [] %}
{% if metric.of %}
    {% do values.append(['value_of', metric.of]) %}
{% endif %}
{% for segment in metric.segments %}
    {% do values.append(['value_' ~ loop.index, segment]) %}
{% endfor %}
{% set is_of_the_build = when_incremental(is_in_affected_unit(unit, 'period_date', metric.borrow_days, metric.cohorts), of_the_batch()) %}
with read_{{ suffix }} as (
    select
        {{ first_day('day' if unit == 'hour' else unit, 'event_date') }} as period_date,
        {% if unit == 'hour' %}
            local_time,
        {% endif %}
        {% if unit == 'hour' or metric.borrow_days or metric.segment_at != 'any' %}
            time,
        {% endif %}
        {% if metric.segment_at != 'any' %}
            event_key,
        {% endif %}
        {% for name, value in values %}
            {{ read_value(value, name) }},
        {% endfor %}
        session_id,
        user_id
    from {{ events_with_cohorts(metric.cohorts) }}
    where
        {{ is_any_of(metric.events) }}
        {{ 'and coalesce((' ~ metric.where ~ '), false)' if metric.where }}
        {{ 'and user_id is not null' if metric.per_user }}
),

{% if metric.borrow_days %}
{{ with_borrowed_values(metric, unit, suffix, values, is_of_the_build) }}
{% endif %}

chosen_{{ suffix }} as (
    select
        {% if unit == 'hour' %}
            date_trunc('hour', local_time) as period_start,
            -- an hour that the clocks show twice is two
            time - (local_time - date_trunc('hour', local_time)) as starts_at,
        {% else %}
            period_date::timestamp as period_start,
            null::timestamp as starts_at,
        {% endif %}
        {% if metric.of %}
            {{ 'unnest(' ~ items_of_value(metric.of, 'value_of') ~ ')' if metric.of.list else 'value_of' }} as value_of,
        {% endif %}
        {% for segment in metric.segments %}
            {% if segment.list %}
                {{ segment_names(segment, 'value_' ~ loop.index) }}
            {% elif metric.segment_at == 'any' %}
                {{ segment_name(segment, 'value_' ~ loop.index) }}
            {% else %}
                {% set direction = 'asc' if metric.segment_at == 'first' else 'desc' %}
                case
                    when user_id is null then {{ segment_name(segment, 'value_' ~ loop.index) }}
                    else first_value({{ segment_name(segment, 'value_' ~ loop.index) }}) over (
                        partition by
                            user_id,
                            {{ "time - (local_time - date_trunc('hour', local_time))" if unit == 'hour' else 'period_date' }}
                        order by
                            time {{ direction }},
                            event_key {{ direction }}
                    )
                end
            {% endif %}
                as segment_{{ loop.index }},
        {% endfor %}
        session_id,
        user_id
    {% if metric.borrow_days %}
    from lent_{{ suffix }}
    {% else %}
    from read_{{ suffix }}
    where {{ is_of_the_build }}
    {% endif %}
),

measured_{{ suffix }} as (
    {% if metric.of %}
        select *
        from (
            select
                *,
                {{ number_of_value(metric.of, 'value_of') if metric.is_number else 'value_of' }} as measured
            from chosen_{{ suffix }}
        ) as numbered
        where measured is not null
    {% else %}
        select * from chosen_{{ suffix }}
    {% endif %}
)

{% set levels = range(metric.segments | length + 1) | list %}
{# All at once, since a select for each level takes longer to plan. An item of a list is a row in its
   own level only, so lists have a select for each. #}
{% set groups = levels | batch(1) | list if lists | select | list else [levels] %}
{% for group in groups %}
{% set level = group[-1] %}
{% set source = namespace(sql='measured_' ~ suffix) %}
{# one list after the other: two in one select would be read side by side #}
{% for column in lists if column in ['segment_1', 'segment_2'][:level] %}
    {% set others = [
        'period_start', 'starts_at', 'user_id', 'session_id', 'measured' if metric.of,
        'segment_1' if column != 'segment_1', 'segment_2' if column != 'segment_2' and metric.segments | length > 1,
    ] | select | list %}
    {% set source.sql = '(select ' ~ others | join(', ') ~ ', unnest(' ~ column ~ ') as ' ~ column ~ ' from ' ~ source.sql
        ~ ') as of_' ~ column %}
{% endfor %}
{% set by = keys + ['segment_1', 'segment_2'][:level] %}
select
    {{ literal(metric.name) }} as metric,
    '{{ unit }}' as unit,
    period_start,
    starts_at,
    {{ 'segment_1' if level > 0 else 'null::varchar as segment_1' }},
    {{ 'segment_2' if level > 1 else 'null::varchar as segment_2' }},
    ({{ insight_aggregate(metric.measure) }})::double as value,
    count(distinct user_id) as users,
    {{ metric.borrow_days }} as borrow_days
{% if metric.per_user %}
from (
    select
        {{ by | join(', ') }},
        user_id,
        {{ insight_aggregate(metric.per_user) }} as measured
    from {{ source.sql }}
    {{ grouped_by_levels(keys, group, ['user_id']) }}
) as of_users
group by {{ by | join(', ') }}
{% else %}
from {{ source.sql }}
{{ grouped_by_levels(keys, group) }}
{% endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
{% endmacro %}

{# `group by` the keys and so many segments, for each of the levels. #}
{% macro grouped_by_levels(keys, levels, more=[]) -%}
    {% set sets = [] -%}
    {% for level in levels -%}
        {% do sets.append((keys + ['segment_1', 'segment_2'][:level] + more) | join(', ')) -%}
    {% endfor -%}
    group by {{ sets[0] if sets | length == 1 else 'grouping sets ((' ~ sets | join('), (') ~ '))' }}
{%- endmacro %}
