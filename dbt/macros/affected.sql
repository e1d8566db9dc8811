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

{# The days of `this`, each with the affected day before it and after it, if there is one, for
   `is_beside_affected`. #}
{% macro affected_days_beside() -%}
    select
        kept.event_date,
        max(affected.event_date) filter (where affected.event_date < kept.event_date) as affected_before,
        min(affected.event_date) filter (where affected.event_date > kept.event_date) as affected_after
    from (select distinct event_date from {{ this }}) as kept
    cross join ({{ affected_dates() }}) as affected
    group by kept.event_date
{%- endmacro %}

{# True if a row may get another `previous_date`: an affected day is between the two, or is the
   previous one. #}
{% macro is_after_affected(row, days) -%}
    coalesce({{ days }}.affected_before >= coalesce({{ row }}.previous_date, date '-infinity'), false)
{%- endmacro %}

{# True if a row may get another `next_date`. #}
{% macro is_before_affected(row, days) -%}
    coalesce({{ days }}.affected_after <= coalesce({{ row }}.next_date, date 'infinity'), false)
{%- endmacro %}

{# True for a row that may get another neighbour. #}
{% macro is_beside_affected(row, days) -%}
    ({{ is_after_affected(row, days) }} or {{ is_before_affected(row, days) }})
{%- endmacro %}

{# True for rows of the users of whom something changed, in a table that knows the previous and the
   next day of each row: those of affected days, and those beside them, which may get other
   neighbours. All other rows of these users, at any age, stay as they are. #}
{% macro is_affected_or_beside() -%}
    rowid in (
        select former.rowid
        from {{ this }} as former
        inner join ({{ affected_days_beside() }}) as bounds on former.event_date = bounds.event_date
        where
            {{ is_affected_user('former.user_id') }}
            and (
                {{ is_affected('former.user_id', 'former.event_date') }}
                or {{ is_beside_affected('former', 'bounds') }}
            )
    )
{%- endmacro %}

{# The rows of `this` beside affected days, as a select of the columns, their neighbours, and whether
   these may be others by now. #}
{% macro rows_beside_affected(columns) -%}
    select
        {% for column in columns %}
            former.{{ column }},
        {% endfor %}
        former.previous_date,
        former.next_date,
        {{ is_after_affected('former', 'bounds') }} as has_other_previous_date,
        {{ is_before_affected('former', 'bounds') }} as has_other_next_date
    from {{ this }} as former
    inner join ({{ affected_days_beside() }}) as bounds on former.event_date = bounds.event_date
    where
        {{ is_affected_user('former.user_id') }}
        and not {{ is_affected('former.user_id', 'former.event_date') }}
        and {{ is_beside_affected('former', 'bounds') }}
{%- endmacro %}

{# What rows of affected days have in place of the columns after those of `rows_beside_affected`. #}
{% macro neighbours_unknown() -%}
    null::date as previous_date,
    null::date as next_date,
    true as has_other_previous_date,
    true as has_other_next_date
{%- endmacro %}

{# The previous or the next day of a row, in a window: what a row beside affected days has already,
   unless one of them may be nearer. #}
{% macro neighbouring_date(name, window) -%}
    {% set found = ('lag' if name == 'previous_date' else 'lead') ~ '(event_date) over ' ~ window %}
    {% if is_incremental() -%}
        case when {{ 'has_other_' ~ name }} then {{ found }} else {{ name }} end
    {%- else -%}
        {{ found }}
    {%- endif %}
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
