{# The days of which this build makes rows anew. #}
{% macro touched_dates() -%}
    select changed_date as event_date from {{ ref('int_changed_dates') }}
    union all
    select event_date from {{ ref('int_moved_user_days') }}
{%- endmacro %}

{# True for the user and the day of rows that this build makes anew: the day was fetched again, or events of the day
   changed hands because identities were merged. The first part is implied by the second, but lets DuckDB skip. #}
{% macro is_touched(user='user_id', day='event_date') -%}
    (
        {{ day }} in ({{ touched_dates() }})
        and (
            {{ day }} in (select changed_date from {{ ref('int_changed_dates') }})
            or ({{ user }}, {{ day }}) in (select (user_id, event_date) from {{ ref('int_moved_user_days') }})
        )
    )
{%- endmacro %}

{# True for days of which this build makes all rows anew. #}
{% macro is_changed_date(column='event_date') -%}
    {{ column }} in (select changed_date from {{ ref('int_changed_dates') }})
{%- endmacro %}

{# True for first days of months with such a day. #}
{% macro is_changed_month(column) -%}
    {{ column }} in (select date_trunc('month', changed_date) from {{ ref('int_changed_dates') }})
{%- endmacro %}

{# True for users of whom this build makes all rows anew. #}
{% macro is_touched_user(column='user_id') -%}
    {{ column }} in (select user_id from {{ ref('int_touched_users') }})
{%- endmacro %}

{# True for days of a funnel that are counted anew: some attempt is another one, or a mark may be, since more is known
   than when they were last counted. #}
{% macro is_changed_entry() -%}
    (funnel, entry_date) in (
        select (funnel, entry_date) from {{ source('change_log', 'changed_funnel_entries') }}
        union all
        select (kept.funnel, kept.entry_date)
        from {{ this }} as kept
        inner join {{ ref('days') }} as days on kept.entry_date = days.event_date
        where
            (
                not kept.is_complete
                and days.known_until > (select min(changed.range_start) from {{ ref('int_changed_ranges') }} as changed)
            )
            or (
                (not kept.is_complete or kept.is_entry_partial)
                and kept.entry_date >= (select min(changed.changed_date) from {{ ref('int_changed_dates') }} as changed)
            )
    )
{%- endmacro %}

{# The condition while a table grows; what holds at first while it is built for the first time. #}
{% macro when_incremental(condition, at_first='true') -%}
    {{ condition if is_incremental() else at_first }}
{%- endmacro %}

{# Whether a mart reads what is kept for it in the schema `working`. Unit tests say no, and so reach from events on. #}
{% macro uses_working_tables() %}
    {{ return(true) }}
{% endmacro %}
