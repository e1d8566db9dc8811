{# Merging identities changes who did what in the past. Few events at a time, so an update costs
   less than a rebuild. `int_id_activity_by_day` knows which, without a look at all events; both
   change in one transaction, so that they never differ. Found first, so that DuckDB knows how
   few they are before it plans. #}
{% macro reassign_events() %}
    create or replace temporary table moved as
    select
        days.event_date,
        days.sender_id,
        identities.user_id
    from {{ ref('int_id_activity_by_day') }} as days
    inner join {{ ref('identities') }} as identities on days.sender_id = identities.distinct_id
    where days.user_id <> identities.user_id;

    {% for table in [ref('events'), ref('int_id_activity_by_day')] %}
        update {{ table }} as rows
        set user_id = moved.user_id
        from moved
        where
            rows.event_date = moved.event_date
            and rows.sender_id = moved.sender_id
            and rows.user_id <> moved.user_id;
    {% endfor %}
{% endmacro %}
