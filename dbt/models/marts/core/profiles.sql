select
    distinct_id,
    properties,
    last_seen
from {{ ref('stg_mixpanel__profiles') }}
