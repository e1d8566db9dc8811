{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    replaces="{{ is_changed_profile('group_profiles', 'group_key, distinct_id') }}",
    on_schema_change='fail',
) }}

{{ profile_versions('group_profiles', 'group_key, distinct_id') }}
