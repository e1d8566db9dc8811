{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_refetched_date() }}"},
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
-- counted by minute before the join, since a range join of few minutes is faster than one of all
-- rows; no range begins or ends within a minute
with minutes as (
    select
        date_trunc('minute', time) as minute_start,
        count(*) as exported_rows
    from {{ source('mixpanel', 'events') }} -- on Spark, the staging table has only some days
    {% if is_incremental() %}
        -- implied by what follows, with two days for any zone, but lets DuckDB skip
        where
            time >= (select min(changed.refetched_date) - 2 from {{ ref('int_refetched_dates') }} as changed)
            and time < (select max(changed.refetched_date) + 2 from {{ ref('int_refetched_dates') }} as changed)
    {% endif %}
    group by all
),

exported as (
    select
        {{ local_time('minutes.minute_start') }}::date as event_date,
        sum(minutes.exported_rows)::bigint as exported_rows
    from minutes
    semi join {{ ref('int_committed_ranges') }} as ranges
        on
            minutes.minute_start >= ranges.range_start
            and minutes.minute_start < ranges.range_end
    where {{ when_incremental(is_refetched_date(local_time('minutes.minute_start') ~ '::date')) }}
    group by all
),

kept as (
    select
        event_date,
        sum(event_count) as events
    from {{ ref('user_days') }}
    where {{ when_incremental(is_refetched_date()) }}
    group by event_date
)

select
    exported.event_date,
    exported.exported_rows,
    kept.events::bigint as events,
    (exported.exported_rows - kept.events)::bigint as duplicates,
    (exported.exported_rows - kept.events) / exported.exported_rows::double as duplicate_share,
    days.is_partial
from exported
inner join kept on exported.event_date = kept.event_date
inner join {{ ref('days') }} as days on exported.event_date = days.event_date
