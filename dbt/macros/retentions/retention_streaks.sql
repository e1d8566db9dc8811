-- noqa: disable=layout.indent,layout.long_lines
{# The CTE `definitions`: what the CTEs after it need of each retention. #}
{% macro retention_definitions() %}
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
{% endmacro %}

{# The CTE `streaks`: the number of intervals without a gap from interval 0 on. The intervals of a
   user are numbered in their order; those up to the first gap have their own number. #}
{% macro retention_streaks() %}
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
            select
                retention,
                user_id,
                cohort_start,
                interval_number
            from returns
            union
            -- a birth is in interval 0; it counts if its event is also an event of return
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
{% endmacro %}
