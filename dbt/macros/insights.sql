-- noqa: disable=layout.indent,layout.long_lines
{# The variable `metrics`, checked. `of` and each of `segments` is a mapping, of a column of `events`
   or a property. #}
{% macro insight_metrics() %}
    {% set numeric = ['sum', 'average', 'median', 'min', 'max'] %}
    {% set entries = definitions('metrics', {
        'events': [], 'where': '', 'measure': 'total', 'of': '', 'per_user': '', 'segments': [], 'units': ['day'],
        'rolling': 0, 'cumulative': false,
    }) %}
    {% for metric in entries %}
        {% set where = "Variable metrics, " ~ metric.name ~ ": " %}
        {% set is_percentile = modules.re.fullmatch('p[1-9][0-9]?', metric.measure | string) is not none %}
        {% if not is_percentile %}
            {% do require_one_of('metrics', metric, 'measure', ['total', 'unique', 'sessions', 'distinct'] + numeric + ['p1 to p99']) %}
        {% endif %}
        {% do require_one_of('metrics', metric, 'per_user', ['', 'total', 'sessions', 'distinct'] + numeric) %}
        {% if metric.per_user and not is_percentile and metric.measure not in numeric %}
            {% do exceptions.raise_compiler_error(
                where ~ "per_user needs a measure of the users' numbers, such as average, and not " ~ metric.measure ~ "."
            ) %}
        {% endif %}
        {% set needs_of = (metric.per_user or metric.measure) not in ['total', 'unique', 'sessions'] %}
        {% if needs_of and not metric.of %}
            {% do exceptions.raise_compiler_error(where ~ (metric.per_user or metric.measure) ~ " needs of.") %}
        {% endif %}
        {% if metric.of and not needs_of %}
            {% do exceptions.raise_compiler_error(where ~ (metric.per_user or metric.measure) ~ " takes no of.") %}
        {% endif %}
        {% if metric.units is string or not metric.units %}
            {% do exceptions.raise_compiler_error(where ~ "it needs units.") %}
        {% endif %}
        {% for unit in metric.units if unit not in ['hour', 'day', 'week', 'month'] %}
            {% do exceptions.raise_compiler_error(
                where ~ "units is " ~ unit ~ ", which is none of hour, day, week, month."
            ) %}
        {% endfor %}
        {% if metric.segments is string or metric.segments | length > 2 %}
            {% do exceptions.raise_compiler_error(where ~ "segments is no list of one or two columns.") %}
        {% endif %}
        {% if metric.rolling is not integer or metric.rolling is boolean or metric.rolling < 0 %}
            {% do exceptions.raise_compiler_error(where ~ "rolling is " ~ metric.rolling ~ ", which is no number of periods.") %}
        {% endif %}
        {% if metric.cumulative is not boolean %}
            {% do exceptions.raise_compiler_error(where ~ "cumulative is neither true nor false.") %}
        {% endif %}
        {% set adds_up = not metric.per_user and metric.measure in ['total', 'unique', 'sessions', 'sum'] %}
        {% if metric.cumulative and not adds_up %}
            {% do exceptions.raise_compiler_error(
                where ~ "cumulative needs a measure whose values add up: total, unique, sessions or sum."
            ) %}
        {% endif %}
        {% set segments = [] %}
        {% for segment in metric.segments %}
            {% do segments.append(insight_value(segment, "Variable metrics, " ~ metric.name ~ ", segment " ~ loop.index)) %}
        {% endfor %}
        {% set of = insight_value(metric.of, "Variable metrics, " ~ metric.name ~ ", of") if metric.of else none %}
        {% do metric.update({
            'segments': segments,
            'units': metric.units | unique | list,
            'of': of,
            'borrow_days': ([{'borrow_days': 0}, of] | select | list + segments) | map(attribute='borrow_days') | max,
            'adds_up': adds_up,
            'is_number': (metric.per_user or metric.measure) not in ['total', 'unique', 'sessions', 'distinct'],
        }) %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# What a metric is of, or segmented by, checked: {column or property, field, list, buckets,
   borrow_days}. A text is the name of a column. #}
{% macro insight_value(value, where) %}
    {% set given = {'column': value} if value is string else value %}
    {% if given is not mapping or ('column' in given) == ('property' in given)
        or given.keys() | reject('in', ['column', 'property', 'field', 'list', 'buckets', 'borrow_days']) | list %}
        {% do exceptions.raise_compiler_error(
            where ~ ": it takes a column or a property, and field, list, buckets and borrow_days, not " ~ value ~ "."
        ) %}
    {% endif %}
    {% set whole = {'column': none, 'property': none, 'field': '', 'list': false, 'buckets': [], 'borrow_days': 0} %}
    {% do whole.update(given) %}
    {% if whole.list is not boolean %}
        {% do exceptions.raise_compiler_error(where ~ ": list is neither true nor false.") %}
    {% endif %}
    {% if whole.borrow_days is not integer or whole.borrow_days is boolean or whole.borrow_days < 0 %}
        {% do exceptions.raise_compiler_error(where ~ ": borrow_days is no number of days.") %}
    {% endif %}
    {% if whole.borrow_days and whole.list %}
        {% do exceptions.raise_compiler_error(where ~ ": a list can't be borrowed.") %}
    {% endif %}
    {% if whole.field and whole.column and not whole.list %}
        {% do exceptions.raise_compiler_error(where ~ ": field needs a property, or a list.") %}
    {% endif %}
    {% for lower in whole.buckets %}
        {% if lower is not number or lower is boolean or (not loop.first and lower <= loop.previtem) %}
            {% do exceptions.raise_compiler_error(where ~ ": buckets are numbers, each greater than the one before.") %}
        {% endif %}
    {% endfor %}
    {{ return(whole) }}
{% endmacro %}

{% macro require_known_metric_events() %}
    {% for metric in insight_metrics() %}
        {% do require_known_events('metrics', metric.events) %}
    {% endfor %}
{% endmacro %}

{# The units that any metric has, each with the days before a period that its values may be borrowed
   from. #}
{% macro insight_spans() %}
    {% set spans = [] %}
    {% for metric in insight_metrics() %}
        {% for unit in metric.units if [unit, metric.borrow_days] not in spans %}
            {% do spans.append([unit, metric.borrow_days]) %}
        {% endfor %}
    {% endfor %}
    {{ return(spans) }}
{% endmacro %}

{# True for days in an hour, a day, a week or a month of which this build replaces rows. The hours of
   a day are replaced together. Values that are borrowed on a day may come from days before it. #}
{% macro is_in_affected_unit(unit, column='event_date', borrow_days=0) -%}
    {% set period = 'day' if unit == 'hour' else unit -%}
    {% if borrow_days -%}
        {{ first_day(period, column) }} in (
            select {{ first_day(period, 'borrowed_date') }}
            from (
                -- a day more, since the clocks may go forward in between
                select event_date + unnest(range({{ borrow_days + 2 }}))::integer as borrowed_date
                from ({{ affected_dates() }}) as affected
            ) as borrowing
        )
    {%- else -%}
        {{ is_in_affected(period, column) }}
    {%- endif %}
{%- endmacro %}

{# True for rows of `insights` that this build replaces. #}
{% macro is_affected_insight() -%}
    case
        {% for metric in insight_metrics() if metric.borrow_days %}
            {% for unit in metric.units %}
                when metric = {{ literal(metric.name) }} and unit = '{{ unit }}'
                    then {{ is_in_affected_unit(unit, 'period_start::date', metric.borrow_days) }}
            {% endfor %}
        {% endfor %}
        {% for unit in ['hour', 'day', 'week', 'month'] %}
            when unit = '{{ unit }}' then {{ is_in_affected_unit(unit, 'period_start::date') }}
        {% endfor %}
    end
{%- endmacro %}

{# The columns of the CTE that reads events, of a value: its number, if the column has numbers, and
   else its text. #}
{% macro read_value(value, name) -%}
    {% if value.column -%}
        {{ value.column }}{{ '::double' if has_numbers(value) else '::varchar' }} as {{ name }}
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
        sum(measured) / count(measured)
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
                from ({{ affected_dates() }}) as affected
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
{% set is_of_the_build = when_incremental(is_in_affected_unit(unit, 'period_date', metric.borrow_days), of_the_batch()) %}
with read_{{ suffix }} as (
    select
        {{ first_day('day' if unit == 'hour' else unit, 'event_date') }} as period_date,
        {% if unit == 'hour' %}
            local_time,
        {% endif %}
        {% if unit == 'hour' or metric.borrow_days %}
            time,
        {% endif %}
        {% for name, value in values %}
            {{ read_value(value, name) }},
        {% endfor %}
        session_id,
        user_id
    from {{ ref('events') }}
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
            {{ segment_names(segment, 'value_' ~ loop.index) if segment.list else segment_name(segment, 'value_' ~ loop.index) }}
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

{% for level in range(metric.segments | length + 1) %}
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
    group by
        {{ by | join(', ') }},
        user_id
) as of_users
{% else %}
from {{ source.sql }}
{% endif %}
group by {{ by | join(', ') }}
{{ 'union all' if not loop.last }}
{% endfor %}
{% endmacro %}

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
