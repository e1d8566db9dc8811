{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_logged_funnel_day() }}"},
) }}
{% set bounds = [
    0, 10, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 345600, 604800, 1209600, 2592000,
] %}

with attempts as (
    select * from {{ ref('funnel_attempts') }}
    where {{ when_incremental(is_logged_funnel_day()) }}
),

steps as (
    select
        funnel,
        segment,
        entry_date,
        (steps_before + 2)::integer as step_number,
        {{ seconds_between('entered_at', 'list_extract(step_times, steps_before + 2)') }} as seconds
    from (
        select
            *,
            unnest(range(steps_reached - 1)) as steps_before
        from attempts
    ) as unfolded
),

placed as (
    select
        *,
        case
            {% for bound in bounds | reverse %}
                when seconds >= {{ bound }} then {{ bound }}
            {% endfor %}
        end as seconds_from
    from steps
)

select
    funnel,
    segment,
    entry_date,
    step_number,
    seconds_from::bigint as seconds_from,
    case seconds_from
        {% for bound in bounds[:-1] %}
            when {{ bound }} then {{ bounds[loop.index] }}
        {% endfor %}
    end::bigint as seconds_to,
    count(*) as attempts
from placed
group by
    funnel,
    segment,
    entry_date,
    step_number,
    seconds_from
