{# The variable `event_properties`, checked: a list of {name, alias, type, sql_type}. #}
{% macro event_properties() %}
    {{ return(configured_properties('event_properties', [
        'event', 'time', 'distinct_id', 'insert_id', 'properties', 'processed_at', 'event_key', 'user_id', 'sender_id',
        'session_id', 'local_time', 'event_date', 'lateness_seconds', 'failed_casts', 'ingested_distinct_id', 'copy_number',
        'texts',
    ] + event_fields() | map('last') | list)) }}
{% endmacro %}

{% macro declare_event_properties() %}
    {% do declare_properties(event_properties()) %}
{% endmacro %}
