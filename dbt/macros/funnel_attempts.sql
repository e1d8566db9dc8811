-- noqa: disable=layout.indent,layout.long_lines
{# True for events that make step `number` of a funnel. #}
{% macro is_step(funnel, number) -%}
    {%- set filter = funnel.filters[number - 1] -%}
    (event in {{ literals(funnel.steps[number - 1]) }}{{ ' and coalesce(' ~ filter ~ ', false)' if filter }})
{%- endmacro %}

{# CTEs of one funnel, each name with its number. First what every first step would lead to, were
   it an attempt of its own; `attempts_<number>` are those of them that count. Consecutive steps
   within `funnel_grace_seconds` of each other may come in any order, and an event that ends
   attempts does so only if it is further than that from the steps around it. A step may thus lie
   before the entry, where another attempt may have used it: then the entry is tried `afresh`,
   with what follows it alone. #}
{% macro funnel_ctes(funnel, number) %}
{% set held = range(funnel.hold_constant | length) %}
{% set ends_by = 'entered_at + interval ' ~ funnel.window ~ ' ' ~ funnel.window_unit %}
{% set in_time = '<=' if switch('funnel_window_inclusive') else '<' %}
{% set grace = var('funnel_grace_seconds') %}
{% set null_is_a_value = switch('funnel_held_null_matches') %}
{# The steps whose value of the segment's column can be that of the attempt, as `next_segment` of
   each. #}
{% set telling = [funnel.segment_at] if funnel.segment_at is number else range(1, funnel.steps | length + 1) | list %}
{# Attempts of a user follow each other; those of each segment on their own if the segment's
   column is held constant. #}
{% set is_held = funnel.segment in funnel.hold_constant %}
events_{{ number }} as (
    select
        *,
        {% if grace %}
            first_value(place) over (
                partition by user_id order by epoch_us(time) asc
                range between {{ (grace * 1000000) | int }} preceding and current row
            ) as place_from,
        {% else %}
            place as place_from,
        {% endif %}
        {% if grace and funnel.exclude %}
            last_value(place) over (
                partition by user_id order by epoch_us(time) asc
                range between current row and {{ (grace * 1000000) | int }} following
            ) as place_to
        {% else %}
            place as place_to
        {% endif %}
    from (
        select
            user_id,
            event,
            time,
            event_date,
            {% for column in funnel.hold_constant %}
                {{ "case when " ~ column ~ " is null then 'null' else 'is ' || " ~ column ~ "::varchar end"
                    if null_is_a_value else column }} as held_{{ loop.index0 }},
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
    ) as placed
),

reached_{{ number }}_1 as (
    select
        user_id,
        {{ 'segment' if 1 in telling else 'null::varchar as segment' }},
        event_date as entry_date,
        time as entered_at,
        place as entry_place,
        is_afresh,
        {% for n in held %}
            held_{{ n }},
        {% endfor %}
        [time] as step_times,
        [place] as step_places,
        [place] as used_places,
        place_from,
        place_to,
        null::bigint as exit_place
    from events_{{ number }}
    cross join (values (false){{ ', (true)' if grace }}) as tried(is_afresh)
    where is_step_1 and (not is_afresh or place_from < place)
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
joined_{{ this_one }} as (
    select
        prior.*,
        following.time as next_time,
        following.place as next_place,
        following.place_from as next_place_from,
        following.place_to as next_place_to,
        following.segment as next_segment,
        {{ 'barriers.barrier_time, barriers.barrier_place' if funnel.exclude
            else 'null::timestamp as barrier_time, null::bigint as barrier_place' }},
        len(prior.step_times) = {{ loop.index }} and prior.exit_place is null as is_open
    from (
        select
            *,
            step_times[-1] as last_time,
            step_places[-1] as last_place,
            {% if grace and not repeats %}
                case when is_afresh then greatest(place_from, entry_place + 1) else place_from end as search_from
            {% else %}
                step_places[-1] + 1 as search_from
            {% endif %}
        from reached_{{ before }}
    ) as prior
    asof left join (select * from events_{{ number }} where is_step_{{ loop.index + 1 }}) as following
        on
            prior.user_id = following.user_id
            {% for n in held %}
                and prior.held_{{ n }} = following.held_{{ n }}
            {% endfor %}
            and prior.search_from <= following.place
    {% if funnel.exclude %}
    asof left join barriers_{{ number }} as barriers
        on prior.user_id = barriers.user_id and prior.place_to < barriers.barrier_place
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
        is_afresh,
        {% for n in held %}
            held_{{ n }},
        {% endfor %}
        case when is_reached then list_append(step_times, greatest(next_time, last_time)) else step_times end as step_times,
        case when is_reached then list_append(step_places, greatest(next_place, last_place))
            else step_places end as step_places,
        case when is_reached then list_append(used_places, next_place) else used_places end as used_places,
        case when is_reached then greatest(place_from, next_place_from) else place_from end as place_from,
        case when is_reached then greatest(place_to, next_place_to) else place_to end as place_to,
        case when is_open and is_barred then barrier_place else exit_place end as exit_place
    from (
        select
            *,
            is_open and is_next_in_time and not is_barred as is_reached
        from (
            select
                *,
                coalesce(
                    barrier_time {{ in_time }} {{ ends_by }} and (not is_next_in_time or barrier_place < next_place_from), false
                ) as is_barred
            from (
                select
                    *,
                    coalesce(next_time {{ in_time }} {{ ends_by }}, false) as is_next_in_time
                from joined_{{ this_one }}
            ) as timed
        ) as compared
    ) as tried
),
{% endfor %}

candidates_{{ number }} as (
    select
        * exclude (place_from, place_to) {{ "replace (coalesce(segment, '(not set)') as segment)" if funnel.segment }},
        {{ 'coalesce(held_' ~ funnel.hold_constant.index(funnel.segment) ~ "::varchar, '(not set)') as lane," if is_held }}
        len(step_times) as steps_reached,
        step_places[-1] as last_place,
        list_min(used_places) as used_from,
        case when len(step_times) = {{ funnel.steps | length }} then step_places[-1] else exit_place end as left_place,
        case when len(step_times) < {{ funnel.steps | length }} and exit_place is null then {{ ends_by }} end as left_at
    from reached_{{ number }}_{{ funnel.steps | length }}
),

{% if funnel.reentry == 'default' %}
{% for run, of_run in [('', ['user_id']), ('_by_segment', ['user_id', 'lane'])] if not run or is_held %}
-- one attempt after the other: converted, barred or out of time, only then the next first step counts
successors_{{ number }}{{ run }} as materialized (
    select
        {% for column in of_run %}
            former.{{ column }},
        {% endfor %}
        former.entry_place,
        former.is_afresh,
        later.entry_place as next_place,
        later.used_from <= former.last_place as next_is_afresh
    from (select * from candidates_{{ number }} where left_at is null) as former
    asof inner join (select * from candidates_{{ number }} where not is_afresh) as later
        on
            {% for column in of_run %}
                former.{{ column }} = later.{{ column }} and
            {% endfor %}
            former.left_place < later.entry_place
    union all
    select
        {% for column in of_run %}
            former.{{ column }},
        {% endfor %}
        former.entry_place,
        former.is_afresh,
        later.entry_place as next_place,
        later.used_from <= former.last_place as next_is_afresh
    from (select * from candidates_{{ number }} where left_at is not null) as former
    asof inner join (
        select
            {{ of_run | join(', ') }},
            entered_at,
            min(entry_place) as entry_place,
            arg_min(used_from, entry_place) as used_from
        from candidates_{{ number }}
        where not is_afresh
        group by
            {{ of_run | join(', ') }},
            entered_at
    ) as later
        on
            {% for column in of_run %}
                former.{{ column }} = later.{{ column }} and
            {% endfor %}
            former.left_at {{ '<' if switch('funnel_window_inclusive') else '<=' }} later.entered_at
),

chain_{{ number }}{{ run }} as (
    select
        {{ of_run | join(', ') }},
        min(entry_place) as entry_place,
        false as is_afresh
    from candidates_{{ number }}
    group by {{ of_run | join(', ') }}
    union all
    select
        {% for column in of_run %}
            successors.{{ column }},
        {% endfor %}
        successors.next_place as entry_place,
        successors.next_is_afresh as is_afresh
    from chain_{{ number }}{{ run }} as former
    inner join successors_{{ number }}{{ run }} as successors
        on
            {% for column in of_run %}
                former.{{ column }} = successors.{{ column }} and
            {% endfor %}
            former.entry_place = successors.entry_place
            and former.is_afresh = successors.is_afresh
),

possible_{{ number }}{{ run }} as (
    select candidates.*
    from candidates_{{ number }} as candidates
    semi join chain_{{ number }}{{ run }} as chain
        on
            {% for column in of_run %}
                candidates.{{ column }} = chain.{{ column }} and
            {% endfor %}
            candidates.entry_place = chain.entry_place
            and candidates.is_afresh = chain.is_afresh
),
{% endfor %}
{% else %}
-- entries that found a step before them which an earlier one has used
late_{{ number }} as (
    select distinct
        later.user_id,
        later.entry_place
    from (
        select
            user_id,
            entry_place,
            unnest(used_places) as place
        from candidates_{{ number }}
        where used_from < entry_place
    ) as later
    inner join (
        select
            user_id,
            entry_place,
            unnest(used_places) as place
        from candidates_{{ number }}
        where not is_afresh
    ) as former
        on
            later.user_id = former.user_id
            and later.place = former.place
            and former.entry_place < later.entry_place
    where later.place < later.entry_place
),

-- each first step may start afresh; of several with the same values held before one second step, the last one does
ordered_{{ number }} as (
    select
        candidates.*,
        candidates.step_places[2] > lead(candidates.entry_place) over (
            partition by candidates.user_id{% for n in held %}, candidates.held_{{ n }}{% endfor %}
            order by candidates.entry_place asc
        ) as is_superseded
    from candidates_{{ number }} as candidates
    left join late_{{ number }} as late
        on candidates.user_id = late.user_id and candidates.entry_place = late.entry_place
    where candidates.is_afresh = (late.entry_place is not null)
),

possible_{{ number }} as (
    select *
    from ordered_{{ number }}
    where is_superseded is not true
),
{% endif %}

attempts_{{ number }} as (
    {% for by in ['', 'segment'] if not by or funnel.segment %}
    {% set owner = ['user_id'] + (['lane'] if by and is_held else []) %}
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
    {% if funnel.held_value == 'first' and funnel.hold_constant and funnel.reentry == 'optimized' and funnel.counting == 'uniques' %}
    from (
        select possible.*
        from possible_{{ number }} as possible
        semi join (
            select *
            from candidates_{{ number }}
            qualify row_number() over (partition by {{ owner | join(', ') }} order by entry_place asc) = 1
        ) as first_entries
            on
                {% for column in owner %}
                    possible.{{ column }} = first_entries.{{ column }} and
                {% endfor %}
                {% for n in held %}
                    {{ 'and' if not loop.first }} possible.held_{{ n }} is not distinct from first_entries.held_{{ n }}
                {% endfor %}
    ) as of_the_first_value
    {% else %}
    from possible_{{ number }}{{ '_by_segment' if by and is_held and funnel.reentry == 'default' }}
    {% endif %}
    {% if funnel.counting == 'uniques' %}
    qualify row_number() over (
        partition by user_id{{ ', ' ~ by if by }}
        order by {{ 'steps_reached desc,' if funnel.reentry == 'optimized' }} entry_place asc
    ) = 1
    {% endif %}
    {% endfor %}
),
{% endmacro %}
