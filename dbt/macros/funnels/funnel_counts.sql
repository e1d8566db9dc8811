-- noqa: disable=layout.indent,layout.long_lines
{# The attempts at all funnels, from the CTE `events`. The CTEs of a funnel are inside its part of
   the union: DuckDB nests the CTEs of one `with` in each other, and plans a long list of them in a
   time that grows with its square. #}
{% macro attempts_at_funnels() %}
    {% for funnel in funnels() %}
        (
            with recursive
            {{ funnel_ctes(funnel, loop.index) }}
            select * from attempts_{{ loop.index }}
        )
        union all
    {% endfor %}
    select
        null::varchar as funnel,
        null::varchar as segment,
        null::varchar as user_id,
        null::date as entry_date,
        null::timestamp as entered_at,
        null::bigint as steps_reached,
        null::timestamp[] as step_times,
        null::double[] as step_values,
        null::boolean as is_converted,
        null::timestamp as open_until
    where false
{% endmacro %}

{# The CTEs that count the CTE `attempts`, for each funnel, segment, step and value of `period`, a
   column of it. `counted` is the last. #}
{% macro funnel_counts(period) %}
definitions as (
    {% for funnel in funnels() %}
        {% set filters = funnel.filters %}
        {% set whole = [] %}
        {% for step in funnel.steps %}
            {% do whole.append(step | join(' or ') ~ (' where ' ~ filters[loop.index0] if filters[loop.index0] else '')) %}
        {% endfor %}
        {% for step in funnel.steps %}
            select
                '{{ funnel.name | replace("'", "''") }}' as funnel,
                {{ loop.index }} as step_number,
                {{ funnel.days_before }} as days_before,
                '{{ funnel.per }}' as per,
                {{ "date '" ~ funnel.since ~ "'" if funnel.since else 'null::date' }} as since,
                {{ literal('any of ' ~ whole | join(', ') if funnel.order == 'any' else whole[loop.index0]) }} as step
            union all
        {% endfor %}
    {% endfor %}
    select
        null::varchar as funnel,
        null::integer as step_number,
        null::integer as days_before,
        null::varchar as per,
        null::date as since,
        null::varchar as step
    where false
),

steps as (
    select
        attempts.funnel,
        attempts.segment,
        attempts.{{ period }},
        definitions.step_number,
        definitions.step,
        attempts.steps_reached >= definitions.step_number as is_reached,
        {% set reached_at = 'list_extract(attempts.step_times, definitions.step_number)' %}
        {% set previous_at = 'list_extract(attempts.step_times, definitions.step_number - 1)' %}
        {{ seconds_between('attempts.entered_at', reached_at) }} as seconds_from_first,
        {{ seconds_between(previous_at, reached_at) }} as seconds_from_previous,
        list_extract(attempts.step_values, definitions.step_number) as step_value,
        attempts.open_until,
        greatest(
            attempts.entry_date - definitions.days_before,
            definitions.since,
            case definitions.per
                {% for unit in ['day', 'week', 'month'] %}
                    when '{{ unit }}' then {{ first_day(unit, 'attempts.entry_date') }}
                {% endfor %}
            end
        ) as looks_back_to
    from attempts
    inner join definitions on attempts.funnel = definitions.funnel
),

counted as (
    select
        funnel,
        segment,
        {{ period }},
        step_number,
        step,
        count(*) as entries,
        count(*) filter (where is_reached) as reached,
        median(seconds_from_first) as median_seconds_from_first,
        quantile_cont(seconds_from_first, 0.9) as p90_seconds_from_first,
        median(seconds_from_previous) as median_seconds_from_previous,
        quantile_cont(seconds_from_previous, 0.9) as p90_seconds_from_previous,
        sum(step_value) as value_sum,
        max(open_until) as open_until,
        any_value(looks_back_to) as looks_back_to
    from steps
    group by
        funnel,
        segment,
        {{ period }},
        step_number,
        step
)
{% endmacro %}

{# What tables of funnels show of `counted`. #}
{% macro funnel_numbers(period) %}
    counted.entries,
    counted.reached,
    counted.reached / counted.entries::double as rate_from_first,
    counted.reached / nullif(
        lag(counted.reached, 1, counted.entries) over (
            partition by counted.funnel, counted.segment, counted.{{ period }}
            order by counted.step_number asc
        ),
        0
    )::double as rate_from_previous,
    counted.median_seconds_from_first,
    counted.p90_seconds_from_first,
    case when counted.step_number > 1 then counted.median_seconds_from_previous end as median_seconds_from_previous,
    case when counted.step_number > 1 then counted.p90_seconds_from_previous end as p90_seconds_from_previous,
    counted.value_sum
{% endmacro %}

{# The query of `mp funnel`, over the published file: the one funnel of the variable, by `unit`
   (day, week or month) of the entry, or in one row a step and segment without it. A segment is
   tested against all others of the period. #}
{% macro ad_hoc_funnel(unit) %}
with events as (
    select * from {{ events_with_cohorts(cohorts_of_funnels()) }}
    where user_id is not null
),

all_attempts as (
    {{ attempts_at_funnels() }}
),

attempts as (
    select
        *,
        {{ first_day(unit, 'entry_date') if unit else 'null::date' }} as period_start
    from all_attempts
),

complete as (
    select
        attempts.segment,
        attempts.period_start,
        bool_and(not days.is_partial and coalesce(days.known_until >= attempts.open_until, false)) as is_complete
    from attempts
    inner join {{ ref('days') }} as days on attempts.entry_date = days.event_date
    group by
        attempts.segment,
        attempts.period_start
),

{{ funnel_counts('period_start') }},

compared as (
    select
        *,
        sum(entries) over (partition by segment is null, period_start, step_number) - entries as other_entries,
        sum(reached) over (partition by segment is null, period_start, step_number) - reached as other_reached
    from counted
),

tested as (
    select
        *,
        {{ two_proportion_z('reached', 'entries', 'other_reached', 'other_entries') }} as z_score
    from compared
)

select
    counted.segment,
    counted.period_start,
    counted.step_number,
    counted.step,
    {{ funnel_numbers('period_start') }},
    {{ wilson_bound('counted.reached', 'counted.entries', '-') }}::double as rate_low,
    {{ wilson_bound('counted.reached', 'counted.entries', '+') }}::double as rate_high,
    case when counted.z_score is not null then {{ two_sided_p('counted.z_score') }} end::double as p_value,
    complete.is_complete
from tested as counted
inner join complete
    on
        counted.segment is not distinct from complete.segment
        and counted.period_start is not distinct from complete.period_start
order by
    counted.period_start asc,
    counted.segment is not null asc,
    max(counted.entries) over (partition by counted.segment) desc,
    counted.segment asc,
    counted.step_number asc
{% endmacro %}
