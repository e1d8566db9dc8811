{{ config(
    materialized='appended_rows',
    schema='working',
    post_hook="{{ reassign_events() }}",
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
-- A change log: a complete build empties it, any other leaves what the next one has to rebuild.

with reassigned as (
    select
        days.event_date,
        days.user_id as former_user_id,
        identities.user_id
    from {{ ref('int_id_activity_by_day') }} as days
    inner join {{ ref('identities') }} as identities on days.sender_id = identities.distinct_id
    where
        days.user_id <> identities.user_id
        and not {{ is_refetched_date('days.event_date') }}
)

select
    user_id,
    event_date
from reassigned
union
select
    former_user_id as user_id,
    event_date
from reassigned
