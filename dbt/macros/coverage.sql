-- noqa: disable=layout.indent
{# True when one of the days from `first` to the one that `is_partial` and `known_since` belong to
   is not completely known: counts over them are lower bounds. #}
{% macro reaches_unknown(first, day='') -%}
    ({{ day }}is_partial or {{ day }}known_since > {{ first }})
{%- endmacro %}

{# Known days before a first time that make it one. History begins somewhere, so no user is new
   for certain: one who was not seen for that long counts as new, and earlier ones are marked. #}
{% macro days_before_new() %}{{ return(30) }}{% endmacro %}

{# The coverage of a period, from its days in `int_days`. Its last day has the first day from which
   there is no gap; without a last day the period has not ended. #}
{% macro is_whole_since(first, last) -%}
    coalesce(bool_or(event_date = {{ last }} and not {{ reaches_unknown(first) }}), false)
{%- endmacro %}

{# The CTEs `periods` and `coverage` (unit, period_start, is_partial), for tables that count
   by these units. #}
{% macro coverage_of_periods(units) %}
periods as (
    {% for unit in units %}
        {% set period_start = first_day(unit, 'event_date') %}
        select
            '{{ unit }}' as unit,
            {{ period_start }} as period_start,
            ({{ period_start }} + interval 1 {{ unit }})::date - 1 as period_end,
            event_date,
            is_partial,
            known_since
        from {{ ref('int_days') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

coverage as (
    select
        unit,
        period_start,
        not {{ is_whole_since('period_start', 'period_end') }} as is_partial
    from periods
    group by
        unit,
        period_start
)
{% endmacro %}

{# First of the days that decide where the users of a period come from: those of the period before,
   and enough days to count a user as new. #}
{% macro since_new(unit, period_start) -%}
    least(({{ period_start }} - interval 1 {{ unit }})::date, {{ period_start }} - {{ days_before_new() }})
{%- endmacro %}

{# True when a day between a user's active day and the one before is not completely known: they may
   have been active then. For the first active day, the days before it that decide whether they
   are new. #}
{% macro has_gap_before(row, days='days') -%}
    {{ days }}.known_since > coalesce({{ row }}.previous_date + 1, {{ row }}.event_date - {{ days_before_new() }})
{%- endmacro %}

{# True when the time from the first day of a look-back to the conversion is not wholly known:
   touches may be missing. Which conversion is a user's first depends on the days before it, too,
   as many as make a user new. #}
{% macro has_partial_lookback(row, days='days') -%}
    {{ row }}.converted_at >= coalesce({{ days }}.known_until, '-infinity')
    or case {{ row }}.attribution
        {% for attribution in attributions() %}
            {% set opened = '(' ~ row ~ '.converted_at - interval ' ~ attribution.lookback_days ~ ' day)' %}
            {% set first_day = local_time(opened) ~ '::date' %}
            when {{ literal(attribution.name) }}
                then {{ days }}.known_since > {{ first_day if attribution.counting != 'first'
                    else 'least(' ~ first_day ~ ', ' ~ row ~ '.conversion_date - ' ~ days_before_new() ~ ')' }}
        {% endfor %}
        when '' then true
    end
{%- endmacro %}

{# As mark_gaps_before, for conversions after a day that became known. #}
{% macro mark_partial_lookbacks() %}
    {{ return(adapter.dispatch('mark_partial_lookbacks', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__mark_partial_lookbacks() %}
    update {{ this }} as kept
    set is_lookback_partial = marked.is_lookback_partial
    from (
        select
            former.rowid as marked_row,
            {{ has_partial_lookback('former') }} as is_lookback_partial
        from {{ this }} as former
        inner join {{ ref('days') }} as days on former.conversion_date = days.event_date
        where
            former.conversion_date >= (select min(changed.refetched_date) from {{ ref('int_refetched_dates') }} as changed)
            and former.is_lookback_partial <> ({{ has_partial_lookback('former') }})
    ) as marked
    where kept.rowid = marked.marked_row
{% endmacro %}

{# A day that becomes known closes a gap before days of users who did nothing on it. Rows from
   the first changed day on are looked at, and those changed whose mark is another. #}
{% macro mark_gaps_before() %}
    {{ return(adapter.dispatch('mark_gaps_before', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__mark_gaps_before() %}
    update {{ this }} as kept
    set is_gap_before = marked.is_gap_before
    from (
        select
            former.rowid as marked_row,
            {{ has_gap_before('former') }} as is_gap_before
        from {{ this }} as former
        inner join {{ ref('days') }} as days on former.event_date = days.event_date
        where
            former.event_date > (select min(changed.refetched_date) from {{ ref('int_refetched_dates') }} as changed)
            and former.user_id is not null
            and former.is_gap_before <> ({{ has_gap_before('former') }})
    ) as marked
    where kept.rowid = marked.marked_row
{% endmacro %}

{# The end of the last day up to which the ledger has every day complete that a run was to fetch: a
   UTC timestamp. The start of the first such day if that one is missing; null for an empty ledger.
   Days before the environment variable MP_START_DATE, which a back-fill may fetch, do not count.
   For `dbt source freshness`; `mp status` has the day before it as `complete_up_to`. #}
{% macro complete_until() -%}
    {%- set since = env_var('MP_START_DATE', '') -%}
    (
        with newest as (
            select
                window_start,
                range_end,
                fetched_at,
                filter_hash,
                load_id
            from {{ fetches() }}
            where table_name = 'events'
            qualify row_number() over (partition by window_start order by {{ in_order_of_loads() }} desc) = 1
        ),

        wanted as (
            select
                greatest(
                    least(min(window_start), min(wanted_from)),
                    {{ "date '" ~ since ~ "'" if since else 'null' }}
                ) as first_day
            from {{ fetches() }}
            where table_name = 'events' and {{ is_committed() }}
        ),

        complete_days as (
            select
                window_start,
                range_end,
                row_number() over (order by window_start) as day_number
            from newest
            where
                fetched_at >= range_end and filter_hash = 'all' and {{ is_committed() }}
                {{ "and window_start >= date '" ~ since ~ "'" if since }}
        )

        select coalesce(max(complete_days.range_end), min(wanted.first_day)::timestamp)
        from wanted
        left join complete_days
            on wanted.first_day + (complete_days.day_number - 1)::integer = complete_days.window_start
    )
{%- endmacro %}
