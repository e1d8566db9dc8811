{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_profile() }}"},
    pre_hook="{{ declare_profile_properties() }}",
) }}
{% set fields = profile_fields() %}
{% set configured = profile_properties() %}

-- depends_on: {{ ref('int_affected_users') }}
with named as (
    select
        profiles.distinct_id,
        profiles.properties,
        profiles.valid_from,
        {% for property in fields + configured %}
            profiles.texts[{{ loop.index }}] as {{ property.alias }},
        {% endfor %}
        coalesce(owners.user_id, profiles.distinct_id) as user_id
    from {{ ref('stg_mixpanel__profiles') }} as profiles
    left join {{ ref('identities') }} as owners on profiles.distinct_id = owners.distinct_id
    where {{ when_incremental(is_affected_profile('profiles.distinct_id')) }}
),

active as (
    select
        user_id,
        min(first_at) as first_event_at,
        max(last_at) as last_event_at,
        sum(event_count)::bigint as event_count
    from {{ ref('user_activity') }}
    where user_id in (select named.user_id from named)
    group by user_id
)

select
    named.distinct_id,
    named.properties,
    {% for property in fields %}
        {{ typed(property) }} as {{ property.alias }},
    {% endfor %}
    named.user_id,
    active.first_event_at,
    active.last_event_at,
    coalesce(active.event_count, 0) as event_count,
    named.valid_from,
    false as is_deleted,
    {% for property in configured %}
        {{ typed(property) }} as {{ property.alias }},
    {% endfor %}
    {{ failed_casts(fields + configured) }} as failed_casts
from named
left join active on named.user_id = active.user_id
