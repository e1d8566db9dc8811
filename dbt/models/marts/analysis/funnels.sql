{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_changed_funnel_day() }}"},
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_refetched_ranges') }}
with attempts as (
    select * from {{ ref('funnel_attempts') }}
    {% if is_incremental() %}
        where {{ is_changed_funnel_day() }}
    {% endif %}
),

definitions as (
    {% for funnel in funnels() %}
        {% set filters = funnel.filters %}
        {% for step in funnel.steps %}
            select
                '{{ funnel.name | replace("'", "''") }}' as funnel,
                {{ loop.index }} as step_number,
                {{ funnel.days_before }} as days_before,
                {{ "date '" ~ funnel.since ~ "'" if funnel.since else 'null::date' }} as since,
                '{{ (step | join(" or ") ~ (" where " ~ filters[loop.index0] if filters[loop.index0] else ""))
                    | replace("'", "''") }}' as step
            union all
        {% endfor %}
    {% endfor %}
    select
        null::varchar as funnel,
        null::integer as step_number,
        null::integer as days_before,
        null::date as since,
        null::varchar as step
    where false
),

steps as (
    select
        attempts.funnel,
        attempts.segment,
        attempts.entry_date,
        definitions.step_number,
        definitions.step,
        attempts.steps_reached >= definitions.step_number as is_reached,
        {% set reached_at = 'list_extract(attempts.step_times, definitions.step_number)' %}
        {% set previous_at = 'list_extract(attempts.step_times, definitions.step_number - 1)' %}
        {{ seconds_between('attempts.entered_at', reached_at) }} as seconds_from_first,
        {{ seconds_between(previous_at, reached_at) }} as seconds_from_previous,
        attempts.open_until,
        greatest(attempts.entry_date - definitions.days_before, definitions.since) as looks_back_to
    from attempts
    inner join definitions on attempts.funnel = definitions.funnel
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
        max(open_until) as open_until,
        any_value(looks_back_to) as looks_back_to
    from steps
    group by
        funnel,
        segment,
        entry_date,
        step_number,
        step
)

select
    counted.funnel,
    counted.segment,
    counted.entry_date,
    counted.step_number,
    counted.step,
    counted.entries,
    counted.reached,
    counted.reached / counted.entries::double as rate_from_first,
    counted.reached / nullif(
        lag(counted.reached, 1, counted.entries) over (
            partition by counted.funnel, counted.segment, counted.entry_date
            order by counted.step_number asc
        ),
        0
    )::double as rate_from_previous,
    counted.median_seconds_from_first,
    counted.p90_seconds_from_first,
    case when counted.step_number > 1 then counted.median_seconds_from_previous end as median_seconds_from_previous,
    case when counted.step_number > 1 then counted.p90_seconds_from_previous end as p90_seconds_from_previous,
    not days.is_partial and coalesce(days.known_until >= counted.open_until, false) as is_complete,
    {{ reaches_unknown('counted.looks_back_to', 'days.') }} as is_entry_partial
from counted
inner join {{ ref('days') }} as days on counted.entry_date = days.event_date
