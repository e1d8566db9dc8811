{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook="{{ move_events_to_their_users() }}",
) }}
-- A table that publishing drops, and appended to: a build that failed leaves what the next one has to make anew.

with moved as (
    select
        events.event_date,
        events.user_id as former_user_id,
        identities.user_id
    from {{ ref('events') }} as events
    inner join {{ ref('identities') }} as identities on events.sender_id = identities.distinct_id
    where
        events.user_id <> identities.user_id
        and events.event_date not in (select changed.changed_date from {{ ref('int_changed_dates') }} as changed)
)

select
    user_id,
    event_date
from moved
union
select
    former_user_id as user_id,
    event_date
from moved
