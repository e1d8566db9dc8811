{# Merging identities changes who did what in the past. Few events at a time, so an update costs less than a rebuild.
   `int_sender_days` knows which, without a look at all events. #}
{% macro move_events_to_their_users() %}
    update {{ ref('events') }} as events
    set user_id = moved.user_id
    from (
        select
            days.event_date,
            days.sender_id,
            identities.user_id
        from {{ ref('int_sender_days') }} as days
        inner join {{ ref('identities') }} as identities on days.sender_id = identities.distinct_id
        where days.user_id <> identities.user_id
    ) as moved
    where
        events.event_date = moved.event_date
        and events.sender_id = moved.sender_id
        and events.user_id <> moved.user_id
{% endmacro %}

{# In the same transaction, so that the two never differ. #}
{% macro note_moved_events() %}
    update {{ ref('int_sender_days') }} as days
    set user_id = identities.user_id
    from {{ ref('identities') }} as identities
    where days.sender_id = identities.distinct_id and days.user_id <> identities.user_id
{% endmacro %}
