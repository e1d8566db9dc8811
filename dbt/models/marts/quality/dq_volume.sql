{% set most = number('volume_anomaly_score', 0) %}

with daily as (
    select
        event,
        event_date,
        event_count,
        is_partial,
        -- a day that is not completely known does not show what is usual
        list(event_count) filter (where not is_partial) over (
            partition by event, isodow(event_date) order by event_date asc rows between 8 preceding and 1 preceding
        ) as former_counts
    from {{ ref('daily_events') }}
),

compared as (
    select
        *,
        list_median(former_counts) as usual
    from daily
    where event_count is not null and array_length(former_counts) >= 3
),

measured as (
    select
        *,
        list_median(list_transform(former_counts, lambda count: abs(count - usual))) as deviation
    from compared
)

select
    event,
    event_date,
    event_count,
    usual as usual_count,
    deviation as median_deviation,
    -- 1.4826 converts a median deviation to the standard deviation of a normal distribution; the
    -- minimum of 1 keeps a change by one of an otherwise constant count from being an anomaly
    (event_count - usual) / (1.4826 * greatest(deviation, 1))::double as score,
    not is_partial and abs(event_count - usual) > {{ most }} * 1.4826 * greatest(deviation, 1)
        as is_anomaly,
    is_partial
from measured
