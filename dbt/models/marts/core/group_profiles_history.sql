{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_changed_profile('group_profiles', 'group_key, distinct_id') }}"},
) }}

{{ profile_versions('group_profiles', 'group_key, distinct_id') }}
