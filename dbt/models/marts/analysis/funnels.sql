{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    replaces="{{ is_changed_entry() }}",
    on_schema_change='fail',
) }}

with attempts as (
    select * from {{ ref('funnel_attempts') }}
    {% if is_incremental() %}
        where {{ is_changed_entry() }}
    {% endif %}
),

definitions as (
    {% for funnel in funnels() %}
        {% set filters = funnel.filters %}
        {% for step in funnel.steps %}
            select
                '{{ funnel.name | replace("'", "''") }}' as funnel,
                {{ loop.index }} as step_number,
                '{{ (step | join(" or ") ~ (" where " ~ filters[loop.index0] if filters[loop.index0] else ""))
                    | replace("'", "''") }}' as step
            union all
        {% endfor %}
    {% endfor %}
    select
        null::varchar as funnel,
        null::integer as step_number,
        null::varchar as step
    where false
),

covered as (
    select max(least(range_end, fetched_at)) as last_time
    from {{ ref('stg_mixpanel__fetches') }}
    where table_name = 'events'
),

steps as (
    select
        attempts.funnel,
        attempts.segment,
        attempts.entry_date,
        definitions.step_number,
        definitions.step,
        attempts.steps_reached >= definitions.step_number as is_reached,
        {% set reached_at = 'attempts.step_times[definitions.step_number]' %}
        {% set previous_at = 'attempts.step_times[definitions.step_number - 1]' %}
        {{ seconds_between('attempts.entered_at', reached_at) }} as seconds_from_first,
        {{ seconds_between(previous_at, reached_at) }} as seconds_from_previous,
        attempts.open_until <= covered.last_time as is_complete
    from attempts
    inner join definitions on attempts.funnel = definitions.funnel
    cross join covered
),

counted as (
    select
        funnel,
        segment,
        entry_date,
        step_number,
        step,
        count(*) as entries,
        count(*) filter (where is_reached) as reached,
        median(seconds_from_first) as median_seconds_from_first,
        quantile_cont(seconds_from_first, 0.9) as p90_seconds_from_first,
        median(seconds_from_previous) as median_seconds_from_previous,
        quantile_cont(seconds_from_previous, 0.9) as p90_seconds_from_previous,
        bool_and(is_complete) as is_complete
    from steps
    group by
        funnel,
        segment,
        entry_date,
        step_number,
        step
)

select
    funnel,
    segment,
    entry_date,
    step_number,
    step,
    entries,
    reached,
    reached / entries::double as rate_from_first,
    reached / nullif(
        lag(reached, 1, entries) over (partition by funnel, segment, entry_date order by step_number), 0
    )::double as rate_from_previous,
    median_seconds_from_first,
    p90_seconds_from_first,
    case when step_number > 1 then median_seconds_from_previous end as median_seconds_from_previous,
    case when step_number > 1 then p90_seconds_from_previous end as p90_seconds_from_previous,
    is_complete
from counted
