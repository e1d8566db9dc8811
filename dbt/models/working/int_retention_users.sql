{{ config(
    replaces="{{ is_touched_user() }}",
    pre_hook="{{ require_known_retention_events() }}",
) }}

-- depends_on: {{ ref('int_touched_users') }}
{{ users_of_retentions() }}
