-- noqa: disable=all
{{ config(pre_hook="{{ join_ids(ref('int_identity_links')) }}") }}
{% set preferred = {
    'exported': 'is_exported desc, is_overwritten asc, is_sender desc, is_identified desc, id asc',
    'identified_id': 'is_identified desc, is_exported desc, is_overwritten asc, is_sender desc, id asc',
    'smallest_id': 'id asc',
}[choice('canonical_pick_original', ['exported', 'identified_id', 'smallest_id'])] %}
{% set rule = choice('identity_rule', ['simplified', 'original', 'legacy', 'none']) %}

with recursive links as (
    select * from {{ ref('int_identity_links') }}
),

both_ways as (
    select from_id as one_id, to_id as other_id from links
    union
    select to_id as one_id, from_id as other_id from links
),

{{ id_clusters() }},

members as (
    select
        id,
        cluster,
        starts_with(id, '$device:') as is_device,
        id in (select from_id from links) as is_replaced,
        id in (select to_id from links where link = 'rewritten')
        and id not in (select from_id from links where link = 'rewritten') as is_exported,
        id in (select from_id from links where link = 'rewritten') as is_overwritten,
        id in (select sender_id from {{ ref('int_id_activity_by_day') }}) as is_sender,
        id in (select to_id from links where link = 'identify') as is_identified
    from clusters
),

users as (
    select
        id,
        first_value(id) over (
            partition by cluster
            order by {{ 'is_device asc, is_replaced asc, id asc' if rule == 'simplified' else preferred }}
        ) as user_id
    from members
),

-- how an id is linked to its user: by its own link, else by that of another id
reasons as (
    select
        id,
        arg_min(link, (linked_at, link)) as link,
        min(linked_at) as linked_at
    from (
        select from_id as id, link, linked_at from links
        union all
        select to_id as id, link, linked_at from links where to_id not in (select from_id from links)
    )
    group by id
),

senders as (
    select
        sender_id as id,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at,
        sum(event_count)::bigint as event_count
    from {{ ref('int_id_activity_by_day') }}
    group by sender_id
),

every_id as (
    select id from senders
    union
    select id from users
),

resolved as (
    select
        every_id.id as distinct_id,
        coalesce(users.user_id, every_id.id) as user_id
    from every_id
    left join users using (id)
)

select
    resolved.distinct_id,
    resolved.user_id,
    case when resolved.distinct_id = resolved.user_id then 'own' else reasons.link end as link,
    case when resolved.distinct_id <> resolved.user_id then reasons.linked_at end as linked_at,
    senders.first_seen_at,
    senders.last_seen_at,
    coalesce(senders.event_count, 0) as event_count,
    count(*) over (partition by resolved.user_id) as cluster_size
from resolved
left join reasons on resolved.distinct_id = reasons.id
left join senders on resolved.distinct_id = senders.id
