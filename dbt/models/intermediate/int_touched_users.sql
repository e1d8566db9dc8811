{{ config(
    materialized='incremental',
    incremental_strategy='append',
) }}
-- A table that publishing drops, and appended to: a build that failed leaves what the next one has to make anew.

with senders as (
    select
        noted.former_user_id,
        identities.user_id
    from {{ source('noted', 'int_changed_senders') }} as noted
    left join {{ ref('identities') }} as identities on noted.sender_id = identities.distinct_id
    where noted.is_changed or noted.former_user_id is distinct from identities.user_id
)

select user_id
from senders
where user_id is not null
union
select former_user_id as user_id
from senders
where former_user_id is not null
union
select user_id
from {{ ref('int_moved_user_days') }}
