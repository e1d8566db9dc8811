{{ config(post_hook=[
    "delete from {{ ref('int_touched_users') }}",
    "delete from {{ ref('int_moved_user_days') }}",
    "delete from {{ source('noted', 'int_changed_senders') }}",
    "delete from {{ source('noted', 'int_changed_entries') }}",
]) }}
-- Built last, whatever else there is: it marks what this file has caught up with, so that a build that failed is
-- done again.
-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('profiles') }}
-- depends_on: {{ ref('profiles_history') }}
-- depends_on: {{ ref('group_profiles') }}
-- depends_on: {{ ref('group_profiles_history') }}
-- depends_on: {{ ref('_rejected') }}
-- depends_on: {{ ref('_settings') }}
-- depends_on: {{ ref('event_catalog') }}
-- depends_on: {{ ref('dq_duplicates') }}
-- depends_on: {{ ref('dq_late_arrivals') }}
-- depends_on: {{ ref('dq_volume') }}
-- depends_on: {{ ref('dq_casts') }}
-- depends_on: {{ ref('dq_days') }}
-- depends_on: {{ ref('retention_averages') }}
-- depends_on: {{ ref('funnels') }}
-- depends_on: {{ ref('attribution_touches') }}
-- depends_on: {{ ref('lifecycle') }}
-- depends_on: {{ ref('monthly_events') }}
-- depends_on: {{ ref('daily_events') }}
-- depends_on: {{ ref('daily_active_users') }}
-- depends_on: {{ ref('user_days') }}
-- depends_on: {{ ref('user_activity') }}
-- depends_on: {{ ref('int_touched_users') }}
-- depends_on: {{ ref('int_moved_user_days') }}
-- depends_on: {{ ref('sessions') }}
-- depends_on: {{ ref('identities') }}

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
