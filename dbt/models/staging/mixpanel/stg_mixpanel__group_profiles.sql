{{ config(materialized='ephemeral') }}

with source as (
    select * from {{ source('mixpanel', 'group_profiles') }}
),

renamed as (
    select
        group_key,
        distinct_id,
        properties
    from source
)

select * from renamed
