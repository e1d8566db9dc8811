-- noqa: disable=layout.indent
{# Sessions of a user that end at midnight are built day by day. Other sessions may span any
   time, and those of a device several users: these are all rebuilt. #}
{% macro sessions_are_incremental() %}
    {{ return(switch('session_split_at_midnight') and var('session_identity') == 'user') }}
{% endmacro %}

{# Write its session into each affected event. In batches, whose days `int_event_sessions` reads
   from variables, since DuckDB keeps in memory what an update replaces until it is committed. #}
{% macro assign_sessions() %}
    {{ return(adapter.dispatch('assign_sessions', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__assign_sessions() %}
    {% if execute and sessions_are_incremental() %}
        {% set counted = 'select event_date, count(*) as event_count from ' ~ ref('events')
            ~ ' where event_date in (' ~ affected_dates() ~ ') group by event_date' %}
        {% for first, last in batches_of_days(counted) %}
            {% set days = "event_date between '" ~ first ~ "' and '" ~ last ~ "'" %}
            {% do run_query(
                "set variable first_date = date '" ~ first ~ "'; set variable last_date = date '" ~ last ~ "';"
                ~ session_update(days ~ ' and ' ~ is_affected())
            ) %}
        {% endfor %}
    {% elif execute %}
        {% do run_query(session_update('true')) %}
    {% endif %}
{% endmacro %}

{# True for the events of the batch that `assign_sessions` is at. #}
{% macro of_the_session_batch() %}
    {{ return(adapter.dispatch('of_the_session_batch', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__of_the_session_batch() -%}
    {{ is_affected() }}
            and event_date >= coalesce(getvariable('first_date'), date '-infinity')
            and event_date <= coalesce(getvariable('last_date'), date 'infinity')
{%- endmacro %}

{% macro session_update(condition) %}
    update {{ ref('events') }} as events
    set session_id = sessions.session_id
    from (
        select
            affected.rowid as affected_row,
            assigned.session_id
        from {{ ref('events') }} as affected
        left join {{ ref('int_event_sessions') }} as assigned on affected.event_key = assigned.event_key
        where {{ condition }} and affected.session_id is distinct from assigned.session_id
    ) as sessions
    where events.rowid = sessions.affected_row
{% endmacro %}
