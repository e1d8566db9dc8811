with source as (
    select
        *,
        -- both at once: the cost lies in parsing, not in the number of paths
        json_extract_string(
            properties, ['/$distinct_id_before_identity', '/mp_processing_time_ms']
        ) as found
    from {{ source('mixpanel', 'events') }}
),

renamed as (
    select
        event,
        time,
        distinct_id,
        insert_id,
        properties,
        coalesce(found[1], distinct_id) as ingested_distinct_id,
        try(epoch_ms(try_cast(found[2] as bigint))) as processed_at
    from source
)

select * from renamed
