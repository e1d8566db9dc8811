-- The loads that every table of this file has read: those of complete builds. The hook at the end
-- of a complete build adds its loads.
select
    table_name,
    fetch_type,
    project_id,
    region,
    window_start,
    window_end,
    range_start,
    range_end,
    filter_hash,
    row_count,
    previous_row_count,
    rejected_count,
    late_count,
    bytes,
    max_processed_at,
    requests,
    fetched_at,
    duration_seconds,
    load_id,
    snapshot_complete,
    wanted_from,
    load_number
from {{ ref('stg_mixpanel__fetches') }}
where {{ is_built() }}
