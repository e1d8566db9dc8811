with fetches as (
    select
        range_start,
        range_end
    from {{ ref('stg_mixpanel__fetches') }}
    where table_name = 'events' and not {{ is_built() }}
),

{{ merged_ranges() }}
