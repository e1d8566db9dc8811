-- noqa: disable=layout.indent,layout.long_lines
{# The CTE `births`: the event with which a user enters a cohort. In a retention of the kind `birth`
   it is the first one of all, in a `compounded` one the first of each unit, so that a user is in
   many cohorts. Of several events at one time the one with the smallest key is the birth, so that
   each build chooses the same. #}
{% macro retention_births() %}
births as (
    {% for retention in retentions() %}
        {% set row_start = first_day(retention.unit, 'event_date') %}
        select
            '{{ retention.name | replace("'", "''") }}' as retention,
            user_id,
            {{ row_start if retention.kind == 'compounded' else 'min(' ~ row_start ~ ')' }} as cohort_start,
            min(time) as born_at,
            arg_min(event_key, (time, event_key)) as birth_key,
            {{ 'arg_min(segment_' ~ loop.index ~ ', (time, event_key))' if retention.segment else 'null::varchar' }} as segment
        from events
        where {{ is_any_of(retention.birth_events) }}{{ ' and is_birth_' ~ loop.index if retention.birth_where }}
        group by
            user_id{{ ', ' ~ row_start if retention.kind == 'compounded' }}
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as user_id,
        null::date as cohort_start,
        null::timestamp as born_at,
        null::uuid as birth_key,
        null::varchar as segment
    where false
),
{% endmacro %}
