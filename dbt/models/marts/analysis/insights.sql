-- noqa: disable=layout.indent
{{ config(
    materialized='replaced_rows' if sessions_are_incremental() else 'contract_table',
    meta={
        'replaces': "{{ is_affected_insight() }}",
        'batch_by': 'period_date' if var('metrics') else none,
    },
    pre_hook="{{ require_known_metric_events() }}",
) }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('sessions') }}
-- depends_on: {{ ref('int_days') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
with counted as (
    {% for metric in insight_metrics() %}
        {% set number = loop.index %}
        {% for unit in metric.units %}
            (
                {{ insight_rows(metric, unit, number ~ '_' ~ unit) }}
            )
            union all
        {% endfor %}
    {% endfor %}
    select
        null::varchar as metric,
        null::varchar as unit,
        null::timestamp as period_start,
        null::timestamp as starts_at,
        null::varchar as segment_1,
        null::varchar as segment_2,
        null::double as value,
        null::bigint as users,
        null::integer as borrow_days
    where false
),

periods as (
    {% for unit, borrow_days in insight_spans() if unit != 'hour' %}
        {% set period_start = first_day(unit, 'event_date') %}
        select
            '{{ unit }}' as unit,
            {{ borrow_days }} as borrow_days,
            {{ period_start }} as period_date,
            ({{ period_start }} + interval 1 {{ unit }})::date - 1 as period_end,
            event_date,
            is_partial,
            known_since
        from {{ ref('int_days') }}
        union all
    {% endfor %}
    select
        null::varchar as unit,
        null::integer as borrow_days,
        null::date as period_date,
        null::date as period_end,
        null::date as event_date,
        null::boolean as is_partial,
        null::date as known_since
    where false
),

coverage as (
    select
        unit,
        borrow_days,
        period_date,
        not {{ is_whole_since('(period_date - borrow_days)', 'period_end') }} as is_partial
    from periods
    group by
        unit,
        borrow_days,
        period_date
),

-- an hour is known from minute to minute, as a day may be known until the time of its fetch
whole_hours as (
    select
        hours.starts_at,
        hours.borrow_days
    from (
        select distinct
            starts_at,
            borrow_days
        from counted
        where unit = 'hour'
    ) as hours
    inner join {{ ref('int_known_ranges') }} as known
        on
            hours.starts_at - to_hours(hours.borrow_days * 24) >= known.range_start
            and hours.starts_at + to_hours(1) <= known.range_end
)

select
    counted.metric,
    counted.unit,
    counted.period_start,
    coalesce(counted.starts_at, {{ start_of_day('counted.period_start::date') }}) as starts_at,
    counted.segment_1,
    counted.segment_2,
    counted.value,
    counted.users,
    case when counted.unit = 'hour' then whole_hours.starts_at is null else coverage.is_partial end as is_partial
from counted
left join coverage
    on
        counted.unit = coverage.unit
        and counted.borrow_days = coverage.borrow_days
        and counted.period_start::date = coverage.period_date
left join whole_hours on counted.starts_at = whole_hours.starts_at and counted.borrow_days = whole_hours.borrow_days
