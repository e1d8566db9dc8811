-- noqa: disable=layout.indent,layout.long_lines
{# `reached_<number>_1`: an attempt for each event of the first step, and a second one, tried
   afresh, where an event within the grace period before it may be the second step. #}
{% macro funnel_first_step(plan) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
reached_{{ number }}_1 as (
    select
        user_id,
        {{ 'segment' if 1 in plan.segment_steps else 'null::varchar as segment' }},
        event_date as entry_date,
        time as entered_at,
        position as entry_position,
        is_afresh,
        {% for n in plan.held %}
            held_{{ n }},
        {% endfor %}
        [time] as step_times,
        {{ '[value] as step_values,' if funnel.value }}
        [position] as step_positions,
        [position] as used_positions,
        position_from,
        position_to,
        {% if funnel.order == 'any' %}
            [case {% for step in funnel.steps %}when is_step_{{ loop.index }} then {{ loop.index }} {% endfor %}end]::bigint[] as done,
        {% endif %}
        null::bigint as exit_position
    from events_{{ number }}
    cross join (values (false){{ ', (true)' if plan.grace }}) as variants(is_afresh)
    where
        {{ any_step(funnel) if funnel.order == 'any' else 'is_step_1' }}
        and (not is_afresh or position_from < position)
        {{ "and event_date <= date '" ~ funnel.until ~ "'" if funnel.until }}
        {% if funnel.counting == 'sessions' %}
            and {{ plan.lanes[-1] }} {{ "<> 'null'" if plan.null_is_a_value else 'is not null' }}
        {% endif %}
),
{% endmacro %}

{# True for an event that is any of the steps. #}
{% macro any_step(funnel) -%}
    ({% for _ in funnel.steps %}{{ 'or ' if not loop.first }}is_step_{{ loop.index }} {% endfor %})
{%- endmacro %}

{# `found_<number>_<step>_<n>`: the attempts, with the position of the first event after them of each
   step up to `n` as `found_<n>`. One ASOF join for each, since it has one inequality. #}
{% macro first_event_of_each_step(plan, before, this_one) %}
found_{{ this_one }}_0 as (
    select
        *,
        step_times[-1] as last_time,
        step_positions[-1] as last_position,
        step_positions[-1] + 1 as search_from
    from reached_{{ before }}
),

{% for _ in plan.funnel.steps %}
found_{{ this_one }}_{{ loop.index }} as (
    select
        prior.*,
        found.position as found_{{ loop.index }}
    from found_{{ this_one }}_{{ loop.index0 }} as prior
    asof left join (select * from events_{{ plan.number }} where is_step_{{ loop.index }}) as found
        on
            prior.user_id = found.user_id
            {% for n in plan.held %}
                and prior.held_{{ n }} = found.held_{{ n }}
            {% endfor %}
            and prior.search_from <= found.position
),

{% endfor %}
{% endmacro %}

{# `reached_<number>_<step>`: the attempts with step number `step` added to those that reach it.
   The earliest event of the step that follows counts; a step with an event of an earlier one has
   to be after it even within the grace period. #}
{% macro funnel_step(plan, step) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
{% set before = number ~ '_' ~ (step - 1) %}
{% set this_one = number ~ '_' ~ step %}
{% set ends_here = funnel.exclusions | selectattr('after', 'in', [none, step - 1]) | map(attribute='event') | list %}
{% set repeats = funnel.steps[step - 1] | select('in', funnel.steps[:step - 1] | sum(start=[])) | list %}
{% if funnel.order == 'any' %}
{{ first_event_of_each_step(plan, before, this_one) }}
-- the first event of those steps that the attempt does not have yet
sought_{{ this_one }} as (
    select
        *,
        least(
            {% for _ in funnel.steps %}
                case when list_position(done, {{ loop.index }}) is null then found_{{ loop.index }} end{{ ',' if not loop.last }}
            {% endfor %}
        ) as sought_position
    from found_{{ this_one }}_{{ funnel.steps | length }}
),
{% endif %}
joined_{{ this_one }} as (
    select
        prior.*,
        following.time as next_time,
        following.position as next_position,
        following.position_from as next_position_from,
        following.position_to as next_position_to,
        following.segment as next_segment,
        {{ 'following.value as next_value,' if funnel.value }}
        {{ 'exclusions.excluded_at, exclusions.exclusion_position' if ends_here
            else 'null::timestamp as excluded_at, null::bigint as exclusion_position' }},
        array_length(prior.step_times) = {{ step - 1 }} and prior.exit_position is null as is_open
    {% if funnel.order == 'any' %}
    from sought_{{ this_one }} as prior
    left join events_{{ number }} as following
        on prior.user_id = following.user_id and prior.sought_position = following.position
    {% else %}
    from (
        select
            *,
            step_times[-1] as last_time,
            step_positions[-1] as last_position,
            {% if plan.grace and not repeats %}
                case when is_afresh then greatest(position_from, entry_position + 1) else position_from end as search_from
            {% else %}
                step_positions[-1] + 1 as search_from
            {% endif %}
        from reached_{{ before }}
    ) as prior
    -- an ASOF join finds the first event of the step from `search_from` on, in one pass over both
    -- sides
    asof left join (select * from events_{{ number }} where is_step_{{ step }}) as following
        on
            prior.user_id = following.user_id
            {% for n in plan.held %}
                and prior.held_{{ n }} = following.held_{{ n }}
            {% endfor %}
            and prior.search_from <= following.position
    {% endif %}
    {% if ends_here %}
    asof left join (select * from exclusions_{{ number }} where event in {{ literals(ends_here) }}) as exclusions
        on prior.user_id = exclusions.user_id and prior.position_to < exclusions.exclusion_position
    {% endif %}
),

reached_{{ this_one }} as (
    select
        user_id,
        {% if step in plan.segment_steps %}
            case
                when not is_reached then segment
                else coalesce({{ 'next_segment, segment' if funnel.segment_at == 'last_defined' else 'segment, next_segment' }})
            end as segment,
        {% else %}
            segment,
        {% endif %}
        entry_date,
        entered_at,
        entry_position,
        is_afresh,
        {% for n in plan.held %}
            held_{{ n }},
        {% endfor %}
        -- a step within the grace period may be earlier than the one before it; its time is then
        -- that of the one before, so that the times of steps never decrease
        case when is_reached then list_append(step_times, greatest(next_time, last_time)) else step_times end as step_times,
        {% if funnel.order == 'any' %}
            case
                when is_reached then list_append(done, case
                    {% for _ in funnel.steps %}
                        when list_position(done, {{ loop.index }}) is null and found_{{ loop.index }} = next_position then {{ loop.index }}::bigint
                    {% endfor %}
                end)
                else done
            end as done,
        {% endif %}
        {{ 'case when is_reached then list_append(step_values, next_value) else step_values end as step_values,' if funnel.value }}
        case when is_reached then list_append(step_positions, greatest(next_position, last_position))
            else step_positions end as step_positions,
        case when is_reached then list_append(used_positions, next_position) else used_positions end as used_positions,
        case when is_reached then greatest(position_from, next_position_from) else position_from end as position_from,
        case when is_reached then greatest(position_to, next_position_to) else position_to end as position_to,
        case when is_open and is_excluded then exclusion_position else exit_position end as exit_position
    from (
        select
            *,
            is_open and is_next_in_time and not is_excluded as is_reached
        from (
            select
                *,
                coalesce(
                    excluded_at {{ plan.in_time }} {{ plan.ends_by }} and (not is_next_in_time or exclusion_position < next_position_from), false
                ) as is_excluded
            from (
                select
                    *,
                    coalesce(next_time {{ plan.in_time }} {{ plan.ends_by }}, false) as is_next_in_time
                from joined_{{ this_one }}
            ) as timed
        ) as compared
    ) as decided
),
{% endmacro %}

{# `candidates_<number>`: every attempt with the steps it reached, and where or when it is over:
   `end_position` of one that converted or was ended, `ends_at` of one that ran out of time. #}
{% macro funnel_candidates(plan) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
candidates_{{ number }} as (
    select
        user_id,
        {{ "coalesce(segment, '(not set)') as segment" if funnel.segment else 'segment' }},
        entry_date,
        {{ first_day(funnel.per, 'entry_date') ~ ' as period_start,' if funnel.per }}
        entered_at,
        entry_position,
        is_afresh,
        {% for n in plan.held %}
            held_{{ n }},
        {% endfor %}
        step_times,
        {{ 'step_values,' if funnel.value }}
        step_positions,
        used_positions,
        exit_position,
        {{ 'coalesce(held_' ~ funnel.hold_constant.index(funnel.segment) ~ "::varchar, '(not set)') as held_segment," if plan.is_segment_held }}
        array_length(step_times) as steps_reached,
        step_positions[-1] as last_position,
        list_min(used_positions) as used_from,
        case when array_length(step_times) = {{ funnel.steps | length }} then step_positions[-1] else exit_position end as end_position,
        case when array_length(step_times) < {{ funnel.steps | length }} and exit_position is null then {{ plan.ends_by }} end as ends_at
    from reached_{{ number }}_{{ funnel.steps | length }}
),
{% endmacro %}
