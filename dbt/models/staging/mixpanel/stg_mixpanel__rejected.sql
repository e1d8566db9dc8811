{{ config(materialized='ephemeral') }}

select
    table_name,
    window_start,
    window_end,
    line_number,
    raw,
    reason,
    load_id,
    rejected_at
from {{ source('mixpanel', '_rejected') }}
where {{ is_committed() }}
