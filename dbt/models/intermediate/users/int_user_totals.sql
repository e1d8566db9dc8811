{{ config(
    materialized='replaced_rows' if sessions_are_incremental() else 'contract_table',
    meta={'replaces': "{{ is_affected_user() }}"},
    schema='working',
) }}
{% set first_values = ['referrer', 'country_code', 'os', 'browser', 'lib'] %}
{% set source_values = ['utm_source', 'utm_medium', 'utm_campaign'] %}

-- depends_on: {{ ref('int_affected_users') }}
with active as (
    select
        user_id,
        min(event_date) as first_date,
        max(event_date) as last_date,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at,
        count(*) as active_days,
        sum(event_count)::bigint as event_count
    from {{ ref('user_activity') }}
    where {{ when_incremental(is_affected_user()) }}
    group by user_id
),

visits as (
    select
        user_id,
        {% for column in first_values %}
            arg_min({{ column }}, (started_at, session_id)) as first_{{ column }},
        {% endfor %}
        arg_min(case when utm_source is not null then session_id end, (started_at, session_id)) as source_session_id,
        count(*) as session_count,
        -- whole microseconds: the sum does not depend on their order
        sum(epoch_us(ended_at) - epoch_us(started_at)) / 1e6 as session_seconds
    from {{ ref('sessions') }}
    where {{ when_incremental(is_affected_user()) }}
    group by user_id
)

select
    active.*,
    {% for column in first_values %}
        visits.first_{{ column }},
    {% endfor %}
    -- source, medium and campaign are of one session: the first that has a source
    {% for column in source_values %}
        sources.{{ column }} as first_{{ column }},
    {% endfor %}
    coalesce(visits.session_count, 0) as session_count,
    coalesce(visits.session_seconds, 0) as session_seconds
from active
left join visits on active.user_id = visits.user_id
left join {{ ref('sessions') }} as sources on visits.source_session_id = sources.session_id
