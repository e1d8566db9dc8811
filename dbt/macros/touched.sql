{# True for the user and the day of rows that this build makes anew: the day was fetched again, or events of the day
   changed hands because identities were merged. #}
{% macro is_touched(user='user_id', day='event_date') -%}
    (
        {{ day }} in (select changed_date from {{ ref('int_changed_dates') }})
        or ({{ user }}, {{ day }}) in (select (user_id, event_date) from {{ ref('int_moved_user_days') }})
    )
{%- endmacro %}

{# Deletes what is about to be built again, users included who have no events there any more. #}
{% macro delete_touched(day='event_date') %}
    {% if is_incremental() %}
        delete from {{ this }} where {{ is_touched(day=day) }}
    {% endif %}
{% endmacro %}
