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

numbered as (
    select
        *,
        row_number() over (partition by user_id order by started_at asc, session_id asc) as number
    from {{ ref('sessions') }}
    where {{ when_incremental(is_affected_user()) }}
),

-- source, medium and campaign are of one session: the first that has a source
with_source as (
    select
        *,
        min(case when utm_source is not null then number end) over (partition by user_id) as source_number
    from numbered
),

visits as (
    select
        user_id,
        {% for column in first_values %}
            arg_min({{ column }}, number) as first_{{ column }},
        {% endfor %}
        {% for column in source_values %}
            max(case when number = source_number then {{ column }} end) as first_{{ column }},
        {% endfor %}
        count(*) as session_count,
        -- whole microseconds: the sum does not depend on their order
        sum(epoch_us(ended_at) - epoch_us(started_at)) / 1e6 as session_seconds
    from with_source
    group by user_id
)

select
    active.*,
    {% for column in first_values + source_values %}
        visits.first_{{ column }},
    {% endfor %}
    coalesce(visits.session_count, 0) as session_count,
    coalesce(visits.session_seconds, 0) as session_seconds
from active
left join visits on active.user_id = visits.user_id
