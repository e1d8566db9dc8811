{{ config(
    materialized='replaced_rows' if sessions_are_incremental() else 'contract_table',
    meta={
        'replaces': "{{ is_affected(day='session_date') }}",
        'batch_by': 'events.event_date' if sessions_are_incremental() else none,
    },
    pre_hook="{{ assign_sessions() }}",
) }}
{% set bounce_rule = choice('bounce_rule', ['single_page_view', 'single_event', 'duration_le_10s']) %}
{% set passed_through = [
    'device_id', 'os', 'browser', 'device', 'manufacturer', 'device_model', 'city', 'region', 'country_code', 'lib',
    'app_version', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term',
] %}

-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_event_sessions') }}
with numbered as (
    select
        events.*,
        events.event in {{ names('page_view_events') }} as is_page_view,
        row_number() over (partition by events.session_id order by events.time asc, events.event_key asc) as number
    from {{ ref('events') }} as events
    where
        events.session_id is not null
        and {{ when_incremental(is_affected('events.user_id', 'events.event_date'), of_the_batch()) }}
),

grouped as (
    select
        session_id,
        arg_min(user_id, number) as user_id,
        min(event_date) as session_date,
        min(time) as started_at,
        {% if var('session_kind') == 'event' %}
            max(time) filter (where event in {{ names('session_end_events') }}) as ended_at,
        {% else %}
            max(time) as ended_at,
        {% endif %}
        min(local_time) as started_at_local,
        count(*) as event_count,
        count(distinct event) as distinct_event_count,
        count(*) filter (where is_page_view) as page_view_count,
        arg_min(event, number) as origin_start,
        arg_max(event, number) as origin_end,
        arg_min(current_url, number) as landing_url,
        -- of each column the first value that is there
        {% for column in passed_through %}
            arg_min({{ column }}, number) as {{ column }},
        {% endfor %}
        arg_max(current_url, number) as exit_url
    from numbered
    group by session_id
)

select
    session_id,
    user_id,
    session_date,
    started_at,
    ended_at,
    started_at_local,
    {{ seconds_between('started_at', 'ended_at') }} as duration_seconds,
    event_count,
    distinct_event_count,
    page_view_count,
    {% if bounce_rule == 'single_page_view' %}
        page_view_count = 1 as is_bounce,
    {% elif bounce_rule == 'single_event' %}
        event_count = 1 as is_bounce,
    {% else %}
        {{ seconds_between('started_at', 'ended_at') }} <= 10 as is_bounce,
    {% endif %}
    origin_start,
    origin_end,
    {% for column in passed_through %}
        {{ column }},
    {% endfor %}
    landing_url,
    exit_url
from grouped
