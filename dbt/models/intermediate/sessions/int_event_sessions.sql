-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
{% set kind = choice('session_kind', ['timeout', 'event', 'property']) %}
{% set timeout = number('session_timeout_minutes', 1) %}
{% set owner = choice('session_identity', ['user', 'device']) %}
{% set is_longer = '>=' if switch('session_gap_inclusive') else '>' %}
{% set at_midnight = 'event_date is distinct from lag(event_date) over earlier' if switch('session_split_at_midnight')
    else 'false' %}

with events as (
    select
        event_key,
        event,
        time,
        event_date,
        {% if kind == 'property' %}
            json_extract_string(properties, {{ json_pointer(var('session_property')) }}) as session_value,
        {% endif %}
        {% if owner == 'user' %}
            user_id as owner
        {% else %}
            coalesce('$device:' || {{ real_id('device_id') }}, user_id) as owner
        {% endif %}
    from {{ ref('events') }}
    where
        user_id is not null
        {% if sessions_are_incremental() %}
            and {{ of_the_session_batch() }}
        {% endif %}
        and event not in {{ names('session_excluded_events') }}
        and {{ is_counted() }}
),

{% if kind == 'timeout' %}
    marked as (
        select
            *,
            coalesce(
                time - lag(time) over earlier {{ is_longer }} interval {{ timeout }} minutes
                or {{ at_midnight }},
                true
            ) as opens
        from events
        window earlier as (partition by owner order by time asc, event_key asc)
    ),
{% elif kind == 'property' %}
    -- an event without the property neither belongs to a session nor ends one
    marked as (
        select
            *,
            coalesce(session_value <> lag(session_value) over earlier or {{ at_midnight }}, true) as opens
        from events
        where session_value is not null
        window earlier as (partition by owner order by time asc, event_key asc)
    ),
{% else %}
    bounded as (
        select
            *,
            event in {{ names('session_start_events') }} as is_start,
            event in {{ names('session_end_events') }} as is_end
        from events
    ),

    -- a session is open if the last start or end before an event is a start
    followed as (
        select
            *,
            coalesce(
                last_value(case when is_start then true when is_end then false end ignore nulls) over (
                    partition by owner{{ ', event_date' if var('session_split_at_midnight') }}
                    order by time asc, event_key asc
                    rows between unbounded preceding and 1 preceding
                ),
                false
            ) as is_open
        from bounded
    ),

    marked as (
        select
            *,
            is_start and not is_open as opens
        from followed
        where is_open or is_start
    ),
{% endif %}

numbered as (
    select
        *,
        -- `event_key` makes the order of simultaneous events the same in every build
        sum(opens::int) over (
            partition by owner order by time asc, event_key asc rows unbounded preceding
        ) as session_place
    from marked
)

select
    event_key,
    first_value(event_key) over (partition by owner, session_place order by time asc, event_key asc) as session_id
from numbered
