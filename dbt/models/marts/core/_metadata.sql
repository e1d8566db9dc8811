-- Built last, whatever else there is: it marks what this file has caught up with, so that a build that failed is
-- done again.
-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('profiles') }}
-- depends_on: {{ ref('_rejected') }}

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
    wanted_from
from {{ ref('stg_mixpanel__fetches') }}
