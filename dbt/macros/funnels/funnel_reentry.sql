-- noqa: disable=layout.indent,layout.long_lines
{# `possible<suffix>_<number>`: the attempts that count where `reentry` is `default`. The `keys`
   are those whose attempts follow each other: a user's, or a user's with one value of the segment if
   that is held constant. #}
{% macro funnel_default_reentry(plan, suffix, keys) %}
    {{ return(adapter.dispatch('funnel_default_reentry', 'mixpanel_data')(plan, suffix, keys)) }}
{% endmacro %}

{% macro duckdb__funnel_default_reentry(plan, suffix, keys) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
-- Attempts follow each other: a first step counts only after the former attempt converted, was
-- excluded or ran out of time. An attempt that ended with an event is followed by position, one
-- that ran out of time by time: two joins, since an ASOF join has one inequality.
successors_{{ number }}{{ suffix }} as materialized (
    select
        {% for column in keys %}
            former.{{ column }},
        {% endfor %}
        former.entry_position,
        former.is_afresh,
        later.entry_position as next_position,
        later.used_from <= former.last_position as next_is_afresh
    from (select * from candidates_{{ number }} where ends_at is null) as former
    asof inner join (select * from candidates_{{ number }} where not is_afresh) as later
        on
            {% for column in keys %}
                former.{{ column }} = later.{{ column }} and
            {% endfor %}
            former.end_position < later.entry_position
    union all
    select
        {% for column in keys %}
            former.{{ column }},
        {% endfor %}
        former.entry_position,
        former.is_afresh,
        later.entry_position as next_position,
        later.used_from <= former.last_position as next_is_afresh
    from (select * from candidates_{{ number }} where ends_at is not null) as former
    asof inner join (
        select
            {{ keys | join(', ') }},
            entered_at,
            min(entry_position) as entry_position,
            arg_min(used_from, entry_position) as used_from
        from candidates_{{ number }}
        where not is_afresh
        group by
            {{ keys | join(', ') }},
            entered_at
    ) as later
        on
            {% for column in keys %}
                former.{{ column }} = later.{{ column }} and
            {% endfor %}
            former.ends_at {{ '<' if switch('funnel_window_inclusive') else '<=' }} later.entered_at
),

-- Recursive, from each user's first entry along the successors: whether an entry counts depends on
-- all before it.
chain_{{ number }}{{ suffix }} as (
    select
        {{ keys | join(', ') }},
        min(entry_position) as entry_position,
        false as is_afresh
    from candidates_{{ number }}
    group by {{ keys | join(', ') }}
    union all
    select
        {% for column in keys %}
            successors.{{ column }},
        {% endfor %}
        successors.next_position as entry_position,
        successors.next_is_afresh as is_afresh
    from chain_{{ number }}{{ suffix }} as former
    inner join successors_{{ number }}{{ suffix }} as successors
        on
            {% for column in keys %}
                former.{{ column }} = successors.{{ column }} and
            {% endfor %}
            former.entry_position = successors.entry_position
            and former.is_afresh = successors.is_afresh
),

possible_{{ number }}{{ suffix }} as (
    select candidates.*
    from candidates_{{ number }} as candidates
    semi join chain_{{ number }}{{ suffix }} as chain
        on
            {% for column in keys %}
                candidates.{{ column }} = chain.{{ column }} and
            {% endfor %}
            candidates.entry_position = chain.entry_position
            and candidates.is_afresh = chain.is_afresh
),
{% endmacro %}

{# `possible_<number>`: the attempts that count where `reentry` is `optimized`. #}
{% macro funnel_optimized_reentry(plan) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
-- entries that found a step before them which an earlier one has used
reusing_{{ number }} as (
    select distinct
        later.user_id,
        later.entry_position
    from (
        select
            {{ (['user_id'] + plan.lanes) | join(', ') }},
            entry_position,
            unnest(used_positions) as position
        from candidates_{{ number }}
        where used_from < entry_position
    ) as later
    inner join (
        select
            {{ (['user_id'] + plan.lanes) | join(', ') }},
            entry_position,
            unnest(used_positions) as position
        from candidates_{{ number }}
        where not is_afresh
    ) as former
        on
            later.user_id = former.user_id
            {% for column in plan.lanes %}
                and later.{{ column }} = former.{{ column }}
            {% endfor %}
            and later.position = former.position
            and former.entry_position < later.entry_position
    where later.position < later.entry_position
),

-- Every first step may start an attempt. Of several with the same held values before one second
-- step, the last one does.
ordered_{{ number }} as (
    select
        candidates.*,
        candidates.step_positions[2] > lead(candidates.entry_position) over (
            partition by candidates.user_id{{ ', candidates.period_start' if funnel.per }}{% for n in plan.held %}, candidates.held_{{ n }}{% endfor %}
            order by candidates.entry_position asc
        ) as is_superseded
    from candidates_{{ number }} as candidates
    left join reusing_{{ number }} as reusing
        on candidates.user_id = reusing.user_id and candidates.entry_position = reusing.entry_position
    where candidates.is_afresh = (reusing.entry_position is not null)
),

possible_{{ number }} as (
    select *
    from ordered_{{ number }}
    where is_superseded is not true
),
{% endmacro %}
