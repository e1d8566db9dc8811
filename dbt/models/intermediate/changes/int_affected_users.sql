{{ config(
    materialized='appended_rows',
    schema='working',
) }}
-- A change log: a complete build empties it, any other leaves what the next one has to rebuild.

-- depends_on: {{ ref('int_id_activity_by_day') }}

with users as (
    select
        senders.former_user_id,
        identities.user_id
    from {{ state_table('changed_ids') }} as senders
    left join {{ ref('identities') }} as identities on senders.sender_id = identities.distinct_id
    where senders.is_changed or senders.former_user_id is distinct from identities.user_id
)

select user_id
from users
where user_id is not null
union
select former_user_id as user_id
from users
where former_user_id is not null
union
select user_id
from {{ ref('int_reassigned_user_days') }}
