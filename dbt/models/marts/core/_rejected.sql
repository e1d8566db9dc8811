select
    table_name,
    window_start,
    window_end,
    line_number,
    raw,
    reason,
    load_id,
    rejected_at
from {{ ref('stg_mixpanel__rejected') }}
