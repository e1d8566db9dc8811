{# Merging identities reassigns events of the past. They are few at a time, so an update costs
   less than a rebuild. `int_id_activity_by_day` shows which they are, without reading all events;
   both change in one transaction, so that they never differ. They are stored in a temporary table
   first, so that DuckDB plans the update with their real number. #}
{% macro reassign_events() %}
    {{ return(adapter.dispatch('reassign_events', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__reassign_events() %}
    create or replace temporary table reassigned as
    select
        days.event_date,
        days.sender_id,
        identities.user_id
    from {{ ref('int_id_activity_by_day') }} as days
    inner join {{ ref('identities') }} as identities on days.sender_id = identities.distinct_id
    where days.user_id <> identities.user_id;

    {% for table in [ref('events'), ref('int_id_activity_by_day')] %}
        update {{ table }} as rows
        set user_id = reassigned.user_id
        from reassigned
        where
            rows.event_date = reassigned.event_date
            and rows.sender_id = reassigned.sender_id
            and rows.user_id <> reassigned.user_id;
    {% endfor %}
{% endmacro %}
