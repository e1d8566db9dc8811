-- noqa: disable=layout.indent,layout.long_lines
{# One row per retention, user and cohort: the intervals in which the user returned. Each CTE below
   is a macro of this folder. #}
{% macro users_of_retentions() %}
with events as (
    select
        event,
        time,
        event_date,
        event_key,
        {% for retention in retentions() %}
            {% if retention.birth_where %}
                coalesce({{ retention.birth_where }}, false) as is_birth_{{ loop.index }},
            {% endif %}
            {% if retention.return_where %}
                coalesce({{ retention.return_where }}, false) as is_return_{{ loop.index }},
            {% endif %}
            {% if retention.segment %}
                coalesce(({{ segment_value(retention.segment) }})::varchar, '(not set)') as segment_{{ loop.index }},
            {% endif %}
            {% if retention.value %}
                {{ retention.value }}::double as value_{{ loop.index }},
            {% endif %}
        {% endfor %}
        user_id
    from {{ events_with_cohorts(cohorts_of_retentions()) }}
    -- all events of an affected user, of any age: a new event may change the birth
    where user_id is not null and {{ when_incremental(is_affected_user_of(cohorts_of_retentions())) }}
),

{{ retention_births() }}
{{ retention_returns() }}
{{ retention_definitions() }}
{{ retention_streaks() }}
{{ retention_spans() }}

select
    births.retention,
    births.user_id,
    births.cohort_start,
    births.segment,
    spans.first_return::bigint as first_return,
    spans.last_return::bigint as last_return,
    coalesce(streaks.streak, 0)::bigint as streak,
    spans.returned_in::bigint[] as returned_in,
    spans.value_sums::double[][] as value_sums
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
