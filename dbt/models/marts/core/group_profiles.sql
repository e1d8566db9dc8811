select
    group_key,
    distinct_id,
    properties
from {{ ref('stg_mixpanel__group_profiles') }}
