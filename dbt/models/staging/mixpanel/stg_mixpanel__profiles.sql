{% set shown = (profile_fields() + profile_properties()) | map(attribute='name') | list %}

with source as (
    select * from {{ source('mixpanel', 'profiles') }}
),

renamed as (
    select
        distinct_id,
        properties,
        valid_from,
        -- all at once: the cost is in parsing, not in the number of paths
        json_extract_string(
            properties,
            [
                {% for name in shown %}
                    {{ json_pointer(name) }}{{ ',' if not loop.last }}
                {% endfor %}
            ]
        ) as texts
    from source
)

select * from renamed
