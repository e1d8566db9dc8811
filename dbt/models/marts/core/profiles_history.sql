{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    replaces="{{ is_changed_profile() }}",
    on_schema_change='fail',
) }}

{{ profile_versions() }}
