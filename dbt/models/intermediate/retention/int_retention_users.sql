{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_user_of(cohorts_of_retentions()) }}"},
    pre_hook="{{ require_known_retention_events() }}",
    schema='working',
) }}

-- depends_on: {{ ref('int_affected_users') }}
{{ users_of_retentions() }}
