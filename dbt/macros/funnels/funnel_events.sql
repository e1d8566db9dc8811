-- noqa: disable=layout.indent,layout.long_lines
{# `events_<number>`: the events of the funnel, each with its position among those of the user,
   the steps it can be, the values that are held constant, and the positions within the grace
   period around it. #}
{% macro funnel_events(plan) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
events_{{ number }} as (
    select
        *,
        {% if plan.grace %}
            first_value(position) over (
                partition by user_id order by epoch_us(time) asc
                range between {{ (plan.grace * 1000000) | int }} preceding and current row
            ) as position_from,
        {% else %}
            position as position_from,
        {% endif %}
        {% if plan.grace and funnel.exclude %}
            last_value(position) over (
                partition by user_id order by epoch_us(time) asc
                range between current row and {{ (plan.grace * 1000000) | int }} following
            ) as position_to
        {% else %}
            position as position_to
        {% endif %}
    from (
        select
            user_id,
            event,
            time,
            event_date,
            {% for column in funnel.hold_constant %}
                {{ "case when " ~ column ~ " is null then 'null' else 'is ' || " ~ column ~ "::varchar end"
                    if plan.null_is_a_value else column }} as held_{{ loop.index0 }},
            {% endfor %}
            {% for step in funnel.steps %}
                {{ is_step(funnel, loop.index) }} as is_step_{{ loop.index }},
            {% endfor %}
            ({{ segment_value(funnel.segment) if funnel.segment else 'null' }})::varchar as segment,
            {{ 'coalesce(' ~ funnel.value ~ '::double, 0) as value,' if funnel.value }}
            -- of two events at one instant the one of the earlier step is first
            row_number() over (
                partition by user_id
                order by
                    time asc,
                    case
                        {% for step in funnel.steps %}
                            when {{ is_step(funnel, loop.index) }} then {{ loop.index }}
                        {% endfor %}
                    end asc nulls last,
                    event_key asc
            ) as position
        from events
        where
            (
                event in {{ literals(funnel.exclude) }}
                {% for step in funnel.steps %}
                    or {{ is_step(funnel, loop.index) }}
                {% endfor %}
            )
            {{ "and event_date >= date '" ~ funnel.since ~ "'" if funnel.since }}
    ) as numbered
),
{% endmacro %}

{# `exclusions_<number>`: the events that end an attempt, from the funnel's `exclude`. #}
{% macro funnel_exclusions(plan) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
{% if funnel.exclude %}
exclusions_{{ number }} as (
    select
        user_id,
        event,
        time as excluded_at,
        position as exclusion_position
    from events_{{ number }}
    where event in {{ literals(funnel.exclude) }}
),
{% endif %}
{% endmacro %}
