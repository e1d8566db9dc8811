-- noqa: disable=layout.indent,layout.long_lines
{# One row per retention, user and row of it: the intervals in which they returned. #}
{% macro users_of_retentions() %}
{% set days = {'day': 1, 'week': 7, 'month': 30} %}
{% set not_before = '<=' if switch('retention_return_at_birth_instant') else '<' %}
with events as (
    select
        event,
        time,
        event_date,
        event_key,
        user_id
    from {{ ref('events') }}
    where user_id is not null and {{ when_incremental(is_affected_user()) }}
),

births as (
    {% for retention in retentions() %}
        {% set row_start = first_day(retention.unit, 'event_date') %}
        select
            '{{ retention.name | replace("'", "''") }}' as retention,
            user_id,
            {{ row_start if retention.kind == 'compounded' else 'min(' ~ row_start ~ ')' }} as cohort_start,
            min(time) as born_at,
            arg_min(event_key, (time, event_key)) as birth_key
        from events
        where {{ is_any_of(retention.birth_events) }}
        group by
            user_id{{ ', ' ~ row_start if retention.kind == 'compounded' }}
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as user_id,
        null::date as cohort_start,
        null::timestamp as born_at,
        null::uuid as birth_key
    where false
),

returns as (
    {% for retention in retentions() %}
        select distinct
            births.retention,
            births.user_id,
            births.cohort_start,
            {% if retention.mode == 'rolling' %}
                (epoch_us(events.time) - epoch_us(births.born_at)) // {{ days[retention.unit] * 86400000000 }}
            {% elif retention.unit == 'month' %}
                date_diff('month', births.cohort_start, events.event_date)
            {% else %}
                ({{ first_day(retention.unit, 'events.event_date') }} - births.cohort_start) // {{ days[retention.unit] }}
            {% endif %} as interval_number
        from births
        inner join events on births.user_id = events.user_id and births.born_at {{ not_before }} events.time
        where
            births.retention = '{{ retention.name | replace("'", "''") }}'
            and births.birth_key <> events.event_key
            and {{ is_any_of(retention.return_events, 'events.event') }}
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as user_id,
        null::date as cohort_start,
        null::bigint as interval_number
    where false
),

definitions as (
    {% for retention in retentions() %}
        select
            '{{ retention.name | replace("'", "''") }}' as retention,
            {{ retention.intervals }} as intervals,
            {{ same_names(retention.birth_events, retention.return_events) }} as is_same_event
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::integer as intervals,
        null::boolean as is_same_event
    where false
),

-- in a streak the birth counts when it is what one returns for
streaks as (
    select
        retention,
        user_id,
        cohort_start,
        max(interval_number + 1) filter (where interval_number = interval_place) as streak
    from (
        select
            *,
            row_number() over (partition by retention, user_id, cohort_start order by interval_number asc) - 1 as interval_place
        from (
            select * from returns
            union
            select
                births.retention,
                births.user_id,
                births.cohort_start,
                0 as interval_number
            from births
            inner join definitions on births.retention = definitions.retention and definitions.is_same_event
        ) as counted
    ) as ranked
    group by
        retention,
        user_id,
        cohort_start
),

spans as (
    select
        returns.retention,
        returns.user_id,
        returns.cohort_start,
        min(returns.interval_number) as first_return,
        max(returns.interval_number) as last_return,
        list(returns.interval_number order by returns.interval_number asc)
            filter (where returns.interval_number <= definitions.intervals) as returned_in
    from returns
    inner join definitions on returns.retention = definitions.retention
    group by
        returns.retention,
        returns.user_id,
        returns.cohort_start
)

select
    births.retention,
    births.user_id,
    births.cohort_start,
    spans.first_return::bigint as first_return,
    spans.last_return::bigint as last_return,
    coalesce(streaks.streak, 0)::bigint as streak,
    spans.returned_in::bigint[] as returned_in
from births
left join spans
    on
        births.retention = spans.retention
        and births.user_id = spans.user_id
        and births.cohort_start = spans.cohort_start
left join streaks
    on
        births.retention = streaks.retention
        and births.user_id = streaks.user_id
        and births.cohort_start = streaks.cohort_start
{% endmacro %}
