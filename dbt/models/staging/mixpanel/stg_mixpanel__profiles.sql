with source as (
    select * from {{ source('mixpanel', 'profiles') }}
),

renamed as (
    select
        distinct_id,
        properties,
        try_cast(json_extract_string(properties, '/$last_seen') as timestamp) as last_seen
    from source
)

select * from renamed
