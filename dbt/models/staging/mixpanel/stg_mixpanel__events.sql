{% set shown = event_fields() | map('first') | list + event_properties() | map(attribute='name') | list %}

with source as (
    select
        *,
        -- all at once: the cost is in parsing, not in the number of paths
        json_extract_string(
            properties,
            [
                {% for name in shown %}
                    {{ json_pointer(name) }},
                {% endfor %}
                '/$distinct_id_before_identity',
                '/mp_processing_time_ms'
            ]
        ) as found
    from {{ source('mixpanel', 'events') }}
    where {{ of_replaced_days('day') }}
),

renamed as (
    select
        event,
        time,
        distinct_id,
        insert_id,
        properties,
        coalesce(found[-2], distinct_id) as ingested_distinct_id,
        case
            when try_cast(found[-1] as bigint) between 0 and 253402300799999  -- up to the year 9999
                then epoch_ms(try_cast(found[-1] as bigint))
        end as processed_at,
        list_slice(found, 1, {{ shown | length }}) as texts
    from source
)

select * from renamed
