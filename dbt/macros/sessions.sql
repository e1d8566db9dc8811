-- noqa: disable=layout.indent
{# Sessions of a user that end at midnight are made anew day by day. Others may hang together over any time, and
   sessions of a device over several users: these are all made anew. #}
{% macro sessions_are_incremental() %}
    {{ return(switch('session_split_at_midnight') and var('session_identity') == 'user') }}
{% endmacro %}

{# Writes into each touched event the session it belongs to. #}
{% macro put_events_into_sessions() %}
    update {{ ref('events') }} as events
    set session_id = sessions.session_id
    from (
        select
            touched.event_key,
            found.session_id
        from {{ ref('events') }} as touched
        left join {{ ref('int_event_sessions') }} as found on touched.event_key = found.event_key
        {% if sessions_are_incremental() %}
            where {{ is_touched('touched.user_id', 'touched.event_date') }}
        {% endif %}
    ) as sessions
    where events.event_key = sessions.event_key and events.session_id is distinct from sessions.session_id
{% endmacro %}
