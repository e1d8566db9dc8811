-- depends_on: {{ ref('int_changed_dates') }}
-- depends_on: {{ ref('int_moved_user_days') }}
{{ event_sessions(is_touched() if sessions_are_incremental() else 'true') }}
