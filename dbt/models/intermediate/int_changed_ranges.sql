with fetches as (
    select
        fetched.range_start,
        fetched.range_end
    from {{ ref('stg_mixpanel__fetches') }} as fetched
    anti join {{ source('built', '_metadata') }} as built
        on fetched.load_id = built.load_id
    where fetched.table_name = 'events'
),

{{ merged_ranges() }}
