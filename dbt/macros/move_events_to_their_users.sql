{# Merging identities changes who did what in the past. Few events at a time, so an update costs less than a rebuild. #}
{% macro move_events_to_their_users() %}
    update {{ ref('events') }} as events
    set user_id = identities.user_id
    from {{ ref('identities') }} as identities
    where events.sender_id = identities.distinct_id and events.user_id <> identities.user_id
{% endmacro %}
