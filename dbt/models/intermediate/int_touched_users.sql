{{ config(
    materialized='incremental',
    incremental_strategy='append',
) }}
-- A table that publishing drops, and appended to: a build that failed leaves what the next one has to make anew.
{% set has_former = execute and load_relation(source('built', 'user_days')) is not none %}

select user_id
from {{ ref('events') }}
where user_id is not null and {{ is_changed_date() }}
union
select user_id
from {{ ref('int_moved_user_days') }}
{% if has_former %}
    union
    select user_id
    from {{ source('built', 'user_days') }}
    where user_id is not null and {{ is_changed_date() }}
{% endif %}
