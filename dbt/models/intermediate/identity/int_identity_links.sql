{% set rule = choice('identity_rule', ['simplified', 'original', 'legacy', 'none']) %}
{% set conflict = choice('identity_device_conflict', ['first', 'last', 'none']) %}

with events as (
    select * from {{ ref('int_identity_events') }}
    where {{ 'sender_id is not null' if rule in ('simplified', 'original') else 'false' }}
),

ingested as (
    select
        *,
        coalesce(processed_at, time) as ingested_at
    from events
),

-- a device and a user on one event: `$user_id`, or without it the id that Mixpanel exports for the
-- device
on_one_event as (
    select
        '$device:' || device_id as from_id,
        case when sender_id = '$device:' || device_id then distinct_id else sender_id end as to_id,
        'device' as link,
        min(time) as linked_at,
        min(ingested_at) as first_ingested_at
    from ingested
    where
        {{ 'device_id' if rule == 'simplified' else 'null' }} <> ''
        and ('$device:' || device_id <> sender_id or {{ is_named_for_a_device() }})
    group by all
),

-- an id that Mixpanel replaced by another in what it exports
rewritten as (
    select
        ids.replaced_id as from_id,
        ids.distinct_id as to_id,
        {% if rule == 'simplified' %}
            case when starts_with(ids.replaced_id, '$device:') then 'device' else 'rewritten' end as link,
        {% else %}
            'rewritten' as link,
        {% endif %}
        min(ids.time) as linked_at,
        min(ids.ingested_at) as first_ingested_at
    from (
        select
            time,
            ingested_at,
            distinct_id,
            unnest([distinct_id_before_identity, preshuffle_distinct_id]) as replaced_id
        from ingested
        where coalesce(distinct_id_before_identity, preshuffle_distinct_id) <> ''
    ) as ids
    where ids.replaced_id <> '' and ids.replaced_id <> ids.distinct_id
    group by all
),

{% if rule == 'original' %}
    merging as (
        select
            event,
            time,
            ingested_at,
            distinct_id,
            json_extract_string(
                properties, ['/$anon_id', '/$identified_id', '/alias', '/$distinct_ids/0', '/$distinct_ids/1']
            ) as found
        from ingested
        where {{ is_merging_event() }}
    ),

    declared as ( -- noqa: ST03
        select
            case event when '$identify' then found[1] when '$create_alias' then found[3] else found[5] end as from_id,
            case event when '$identify' then found[2] when '$create_alias' then distinct_id else found[4] end as to_id,
            case event when '$identify' then 'identify' when '$create_alias' then 'alias' else 'merge' end as link,
            min(time) as linked_at,
            min(ingested_at) as first_ingested_at
        from merging
        group by all
        having
            from_id <> '' and to_id <> '' and from_id <> to_id
            -- an anonymous id is a UUID of version 4; Mixpanel rejects others
            and (
                link <> 'identify'
                or regexp_full_match(
                    from_id, '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}', 'i'
                )
            )
    ),
{% endif %}

found as (
    select * from on_one_event
    union all
    select * from rewritten
    {% if rule == 'original' %}
        union all
        select * from declared
    {% endif %}
),

links as (
    select
        from_id,
        to_id,
        link,
        min(linked_at) as linked_at,
        min(first_ingested_at) as first_ingested_at
    from found
    where
        {% for end in ['from_id', 'to_id'] %}
            {{ 'and' if not loop.first }} not {{ is_junk_id("regexp_replace(" ~ end ~ ", '^[$]device:', '')") }}
        {% endfor %}
    group by all
),

-- in the order of ingestion; time and id decide ties, so that every build chooses the same link
ranked as (
    select
        *,
        row_number() over (
            partition by from_id, link
            order by first_ingested_at {{ 'desc' if conflict == 'last' else 'asc' }}, linked_at asc, to_id asc
        ) as row_number,
        count(*) over (partition by from_id, link) as rivals
    from links
)

select
    from_id,
    to_id,
    link,
    linked_at
from ranked
where
    link in ('merge', 'rewritten')
    -- a device, an anonymous id and an alias belong to one user only
    or {{ 'rivals = 1' if conflict == 'none' else 'row_number = 1' }}
