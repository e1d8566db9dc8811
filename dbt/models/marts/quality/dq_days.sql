with fetches as (
    select * from {{ ref('stg_mixpanel__fetches') }}
    where table_name = 'events'
),

fetched_days as (
    select
        *,
        unnest(generate_series(window_start, window_end, interval 1 day))::date as fetched_day
    from fetches
),

latest as (
    select * from fetched_days
    qualify row_number() over (partition by fetched_day order by {{ in_order_of_loads() }} desc) = 1
),

bounds as (
    select
        least(min(window_start), min(wanted_from)) as first_day, -- least() passes over null
        max(window_end) as last_day
    from fetches
),

wanted as (
    select unnest(generate_series(first_day, last_day, interval 1 day))::date as wanted_day
    from bounds
)

select
    wanted.wanted_day as day, -- noqa: RF04
    latest.load_id is not null as is_fetched,
    coalesce(latest.fetched_at >= latest.range_end, false) as is_complete,
    latest.row_count,
    latest.previous_row_count,
    latest.rejected_count,
    latest.late_count,
    latest.fetched_at
from wanted
left join latest on wanted.wanted_day = latest.fetched_day
