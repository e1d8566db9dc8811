-- noqa: disable=layout.indent,layout.long_lines
{# The CTEs of one funnel, each with the number of the funnel in its name; `attempts_<number>` is
   the last. First of all, every event of the first step is an attempt of its own (`candidates`);
   then re-entry decides which of them count. Consecutive steps within `funnel_grace_seconds` of
   each other may have any order, and an event that ends attempts does so only if it is
   further than that from the steps around it. A step may thus be before the entry, where
   another attempt may have used it: the entry is then tried `afresh`, with only what follows it. #}
{% macro funnel_ctes(funnel, number) %}
{% set plan = funnel_plan(funnel, number) %}
{{ funnel_events(plan) }}
{{ funnel_first_step(plan) }}
{{ funnel_exclusions(plan) }}
{% for _ in funnel.steps[1:] %}
{{ funnel_step(plan, loop.index + 1) }}
{% endfor %}
{{ funnel_candidates(plan) }}
{% if funnel.reentry == 'optimized' %}
{{ funnel_optimized_reentry(plan) }}
{% else %}
{{ funnel_default_reentry(plan, '', ['user_id'] + plan.lanes) }}
{% if plan.is_segment_held %}
{{ funnel_default_reentry(plan, '_by_segment', ['user_id'] + plan.lanes + ['held_segment']) }}
{% endif %}
{% endif %}
{{ funnel_counted_attempts(plan) }}
{% endmacro %}

{# What the CTEs of a funnel share. #}
{% macro funnel_plan(funnel, number) %}
{# Attempts of different lanes of a user know nothing of each other: those of another session or
   another period. #}
{% set lanes = ['period_start'] if funnel.per else [] %}
{% if funnel.counting == 'sessions' %}
    {% do lanes.append('held_' ~ funnel.hold_constant.index('session_id')) %}
{% endif %}
{{ return({
    'funnel': funnel,
    'number': number,
    'lanes': lanes,
    'grace': 0 if funnel.order == 'any' else var('funnel_grace_seconds'),
    'ends_by': 'entered_at + interval ' ~ funnel.window ~ ' ' ~ funnel.window_unit,
    'in_time': '<=' if switch('funnel_window_inclusive') else '<',
    'null_is_a_value': switch('funnel_held_null_matches'),
    'held': range(funnel.hold_constant | length) | list,
    'is_segment_held': funnel.segment in funnel.hold_constant,
    'segment_steps': [funnel.segment_at] if funnel.segment_at is number
        else range(1, funnel.steps | length + 1) | list,
}) }}
{% endmacro %}

{# True for events that make step `number` of a funnel. #}
{% macro is_step(funnel, number) -%}
    {%- set filter = funnel.filters[number - 1] -%}
    (event in {{ literals(funnel.steps[number - 1]) }}{{ ' and coalesce(' ~ filter ~ ', false)' if filter }})
{%- endmacro %}
