-- noqa: disable=layout.indent
with known as (
    with newest as (
        select
            range_start,
            range_end,
            fetched_at
        from {{ ref('stg_mixpanel__fetches') }}
        where table_name = 'events'
        qualify row_number() over (partition by range_start, range_end order by {{ in_order_of_loads() }} desc) = 1
    ),

    -- what was fetched before it was over is known until then
    fetches as (
        select
            range_start,
            least(range_end, fetched_at) as range_end
        from newest
        where range_start < fetched_at
    ),

    {{ merged_ranges() }}
),

local_times as (
    select
        range_start,
        range_end,
        {{ local_time('range_start') }}::date as first_date,
        {{ local_time("(range_end - interval 1 microsecond)") }}::date as last_date,
        {{ local_time("(range_start - interval 1 microsecond)") }}::date as date_before,
        {{ local_time('range_end') }}::date as date_after
    from known
)

select
    range_start,
    range_end,
    first_date,
    last_date,
    first_date + (date_before = first_date)::integer as first_start_date,
    last_date - (date_after = last_date)::integer as last_end_date
from local_times
