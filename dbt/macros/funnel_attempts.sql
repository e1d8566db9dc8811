-- noqa: disable=layout.indent,layout.long_lines
{# True for events that make step `number` of a funnel. #}
{% macro is_step(funnel, number) -%}
    {%- set filter = funnel.filters[number - 1] -%}
    (event in {{ literals(funnel.steps[number - 1]) }}{{ ' and coalesce(' ~ filter ~ ', false)' if filter }})
{%- endmacro %}

{# CTEs of one funnel, each name with its number. First what every first step would lead to, were it an attempt of its
   own; `attempts_<number>` are those of them that count. #}
{% macro funnel_ctes(funnel, number) %}
{% set held = range(funnel.hold_constant | length) %}
{% set ends_by = 'entered_at + interval ' ~ funnel.window ~ ' ' ~ funnel.window_unit %}
{% set in_time = '<=' if switch('funnel_window_inclusive') else '<' %}
{# Among totals an event before the first step could belong to the attempt before it. #}
{% set grace = var('funnel_grace_seconds') if funnel.counting == 'uniques' else 0 %}
{# The steps whose value of the segment's column can be that of the attempt, as `next_segment` of each. #}
{% set telling = [funnel.segment_at] if funnel.segment_at is number else range(1, funnel.steps | length + 1) | list %}
events_{{ number }} as (
    select
        user_id,
        event,
        time,
        event_date,
        {% for column in funnel.hold_constant %}
            {{ column }} as held_{{ loop.index0 }},
        {% endfor %}
        {% for step in funnel.steps %}
            {{ is_step(funnel, loop.index) }} as is_step_{{ loop.index }},
        {% endfor %}
        {{ (funnel.segment or 'null') ~ '::varchar' }} as segment,
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
        ) as place
    from events
    where
        (
            event in {{ literals(funnel.exclude) }}
            {% for step in funnel.steps %}
                or {{ is_step(funnel, loop.index) }}
            {% endfor %}
        )
        {{ "and event_date >= date '" ~ funnel.since ~ "'" if funnel.since }}
),

reached_{{ number }}_1 as (
    select
        user_id,
        {{ 'segment' if 1 in telling else 'null::varchar as segment' }},
        event_date as entry_date,
        time as entered_at,
        place as entry_place,
        {% for n in held %}
            held_{{ n }},
        {% endfor %}
        [time] as step_times,
        [place] as step_places,
        null::bigint as exit_place
    from events_{{ number }}
    where is_step_1
),

{% if funnel.exclude %}
barriers_{{ number }} as (
    select
        user_id,
        time as barrier_time,
        place as barrier_place
    from events_{{ number }}
    where event in {{ literals(funnel.exclude) }}
),
{% endif %}

{% for step in funnel.steps[1:] %}
{% set before = number ~ '_' ~ loop.index %}
{% set this_one = number ~ '_' ~ (loop.index + 1) %}
{% set repeats = step | select('in', funnel.steps[:loop.index] | sum(start=[])) | list %}
step_{{ this_one }} as (
    select
        user_id,
        {% for n in held %}
            held_{{ n }},
        {% endfor %}
        time as next_time,
        {{ 'arg_min_null(segment, place)' if loop.index + 1 in telling else 'null::varchar' }} as next_segment,
        min(place) as next_place
    from events_{{ number }}
    where is_step_{{ loop.index + 1 }}
    group by all
),

joined_{{ this_one }} as (
    select
        prior.*,
        following.next_time,
        following.next_place,
        following.next_segment,
        {{ 'barriers.barrier_time, barriers.barrier_place' if funnel.exclude
            else 'null::timestamp as barrier_time, null::bigint as barrier_place' }},
        len(prior.step_times) = {{ loop.index }} and prior.exit_place is null as is_open
    from (select *, step_times[-1] as last_time, step_places[-1] as last_place from reached_{{ before }}) as prior
    asof left join step_{{ this_one }} as following
        on
            prior.user_id = following.user_id
            {% for n in held %}
                and prior.held_{{ n }} = following.held_{{ n }}
            {% endfor %}
            {% if grace and not repeats %}
                and prior.last_time - interval {{ grace }} seconds <= following.next_time
            {% else %}
                and prior.last_place < following.next_place
            {% endif %}
    {% if funnel.exclude %}
    asof left join barriers_{{ number }} as barriers
        on prior.user_id = barriers.user_id and prior.last_place < barriers.barrier_place
    {% endif %}
),

reached_{{ this_one }} as (
    select
        user_id,
        {% if loop.index + 1 in telling %}
            case
                when not is_reached then segment
                else coalesce({{ 'next_segment, segment' if funnel.segment_at == 'last_defined' else 'segment, next_segment' }})
            end as segment,
        {% else %}
            segment,
        {% endif %}
        entry_date,
        entered_at,
        entry_place,
        {% for n in held %}
            held_{{ n }},
        {% endfor %}
        case when is_reached then list_append(step_times, greatest(next_time, last_time)) else step_times end as step_times,
        case when is_reached then list_append(step_places, greatest(next_place, last_place))
            else step_places end as step_places,
        case when is_open and is_barred then barrier_place else exit_place end as exit_place
    from (
        select
            *,
            coalesce(barrier_place < coalesce(next_place, barrier_place + 1) and barrier_time {{ in_time }} {{ ends_by }}, false) as is_barred,
            coalesce(is_open and not is_barred and next_time {{ in_time }} {{ ends_by }}, false) as is_reached
        from joined_{{ this_one }}
    ) as tried
),
{% endfor %}

candidates_{{ number }} as (
    select
        * {{ "replace (coalesce(segment, '(not set)') as segment)" if funnel.segment }},
        len(step_times) as steps_reached,
        step_places[2] > lead(entry_place) over (partition by user_id order by entry_place asc) as is_superseded,
        case when len(step_times) = {{ funnel.steps | length }} then step_places[-1] else exit_place end as left_place,
        case when len(step_times) < {{ funnel.steps | length }} and exit_place is null then {{ ends_by }} end as left_at
    from reached_{{ number }}_{{ funnel.steps | length }}
),

{% if funnel.reentry == 'default' %}
-- one attempt after the other: converted, barred or out of time, only then the next first step counts
successors_{{ number }} as materialized (
    select
        former.user_id,
        former.entry_place,
        later.entry_place as next_place
    from (select * from candidates_{{ number }} where left_at is null) as former
    asof inner join candidates_{{ number }} as later
        on former.user_id = later.user_id and former.left_place < later.entry_place
    union all
    select
        former.user_id,
        former.entry_place,
        later.entry_place as next_place
    from (select * from candidates_{{ number }} where left_at is not null) as former
    asof inner join (
        select
            user_id,
            entered_at,
            min(entry_place) as entry_place
        from candidates_{{ number }}
        group by all
    ) as later
        on former.user_id = later.user_id and former.left_at < later.entered_at
),

chain_{{ number }} as (
    select
        user_id,
        min(entry_place) as entry_place
    from candidates_{{ number }}
    group by user_id
    union all
    select
        successors.user_id,
        successors.next_place as entry_place
    from chain_{{ number }} as former
    inner join successors_{{ number }} as successors
        on former.user_id = successors.user_id and former.entry_place = successors.entry_place
),
{% endif %}

possible_{{ number }} as (
    select candidates.*
    from candidates_{{ number }} as candidates
    {% if funnel.reentry == 'default' %}
    semi join chain_{{ number }} as chain
        on candidates.user_id = chain.user_id and candidates.entry_place = chain.entry_place
    {% else %}
    where candidates.is_superseded is not true
    {% endif %}
),

attempts_{{ number }} as (
    {% for by in ['', 'segment'] if not by or funnel.segment %}
    {{ 'union all' if not loop.first }}
    select
        '{{ funnel.name | replace("'", "''") }}' as funnel,
        {{ by or 'null' }}::varchar as segment,
        user_id,
        entry_date,
        entered_at,
        steps_reached,
        step_times,
        steps_reached = {{ funnel.steps | length }} as is_converted,
        {{ ends_by }} as open_until
    from possible_{{ number }}
    {% if funnel.counting == 'uniques' %}
    qualify row_number() over (
        partition by user_id{{ ', ' ~ by if by }}
        order by {{ 'steps_reached desc,' if funnel.reentry == 'optimized' }} entry_place asc
    ) = 1
    {% endif %}
    {% endfor %}
),
{% endmacro %}
