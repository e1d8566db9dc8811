with local_ranges as (
    select
        {{ local_time('range_start') }}::date as first_date,
        {{ local_time("(range_end - interval 1 microsecond)") }}::date as last_date
    from {{ ref('int_refetched_ranges') }}
)

select distinct unnest(generate_series(first_date, last_date, interval 1 day))::date as refetched_date
from local_ranges
