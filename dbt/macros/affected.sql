-- noqa: disable=layout.indent
{# The days of which this build replaces rows. #}
{% macro affected_dates() -%}
    select refetched_date as event_date from {{ ref('mixpanel_data', 'int_refetched_dates') }}
    union all
    select event_date from {{ ref('mixpanel_data', 'int_reassigned_user_days') }}
{%- endmacro %}

{# True for the user and the day of rows that this build replaces: the day was refetched, or
   events of the day were reassigned because identities were merged. The first part is implied by
   the second, but lets DuckDB skip. #}
{% macro is_affected(user='user_id', day='event_date') -%}
    (
        {{ day }} in ({{ affected_dates() }})
        and (
            {{ day }} in (select refetched_date from {{ ref('int_refetched_dates') }})
            or ({{ user }}, {{ day }}) in (select (user_id, event_date) from {{ ref('int_reassigned_user_days') }})
        )
    )
{%- endmacro %}

{# True for days of which this build replaces all rows. #}
{% macro is_refetched_date(column='event_date') %}
    {{ return(adapter.dispatch('is_refetched_date', 'mixpanel_data')(column)) }}
{% endmacro %}

{% macro duckdb__is_refetched_date(column='event_date') -%}
    {{ column }} in (select refetched_date from {{ ref('int_refetched_dates') }})
{%- endmacro %}

{# The condition by which the staging table of Spark has only the days of the build. DuckDB has a
   view there, and its readers choose the days. #}
{% macro of_replaced_days(column) %}
    {{ return(adapter.dispatch('of_replaced_days', 'mixpanel_data')(column)) }}
{% endmacro %}

{% macro duckdb__of_replaced_days(column) %}true{% endmacro %}

{# True for first days of months with such a day. #}
{% macro is_refetched_month(column) -%}
    {{ column }} in (select date_trunc('month', refetched_date) from {{ ref('int_refetched_dates') }})
{%- endmacro %}

{# True for users of whom this build replaces all rows. #}
{% macro is_affected_user(column='user_id') -%}
    {{ column }} in (select user_id from {{ ref('mixpanel_data', 'int_affected_users') }})
{%- endmacro %}

{# True for days of a funnel that are recounted: an attempt of the day changed, or one of the
   marks `is_complete` and `is_entry_partial` may change, since more or less is known than when
   the day was last counted. Less is known if a later fetch of a day ended earlier. #}
{% macro is_changed_funnel_day() -%}
    (funnel, entry_date) in (
        select (funnel, entry_date) from {{ state_table('changed_funnel_days') }}
        union all
        select (kept.funnel, kept.entry_date)
        from {{ this }} as kept
        inner join {{ ref('days') }} as days on kept.entry_date = days.event_date
        where
            (
                (not kept.is_complete or {{ may_be_incomplete('kept', 'days') }})
                and days.known_until >= (
                    select min(changed.range_start) from {{ ref('int_refetched_ranges') }} as changed
                )
            )
            or (
                (not kept.is_complete or kept.is_entry_partial or {{ has_partial_entry('kept', 'days') }})
                and kept.entry_date >= (
                    select min(changed.refetched_date) from {{ ref('int_refetched_dates') }} as changed
                )
            )
    )
{%- endmacro %}

{# True for days of a funnel of which an attempt changed. #}
{% macro is_logged_funnel_day() -%}
    (funnel, entry_date) in (select (funnel, entry_date) from {{ state_table('changed_funnel_days') }})
{%- endmacro %}

{# True if some attempt of the day of entry may still be open where the known time ends. #}
{% macro may_be_incomplete(row, days) -%}
    case {{ row }}.funnel
        {% for funnel in funnels() %}
            when {{ literal(funnel.name) }}
                then {{ days }}.known_until
                    < {{ start_of_day('(' ~ row ~ '.entry_date + 1)') }} + interval {{ funnel.window }} {{ funnel.window_unit }}
        {% endfor %}
        when '' then true
    end
{%- endmacro %}

{# True if the time that decides about entries of the day is not wholly known. #}
{% macro has_partial_entry(row, days) -%}
    case {{ row }}.funnel
        {% for funnel in funnels() %}
            {% set first = row ~ '.entry_date - ' ~ funnel.days_before %}
            {% set since = "date '" ~ funnel.since ~ "'" if funnel.since else 'null' %}
            {% set period = first_day(funnel.per, row ~ '.entry_date') if funnel.per else 'null' %}
            when {{ literal(funnel.name) }}
                then {{ reaches_unknown('greatest(' ~ [first, since, period] | join(', ') ~ ')', days ~ '.') }}
        {% endfor %}
        when '' then true
    end
{%- endmacro %}

{# True if a mart reads the intermediate table that prepares it. Unit tests override it with false,
   so that they test both models at once, from events on. #}
{% macro uses_working_tables() %}
    {{ return(true) }}
{% endmacro %}
