{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_changed_profile() }}"},
) }}

{{ profile_versions() }}
