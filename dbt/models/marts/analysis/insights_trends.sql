-- noqa: disable=layout.indent
{{ config(materialized='contract_table') }}

-- depends_on: {{ ref('insights') }}
with trends as (
    {% for metric in insight_metrics() if metric.rolling or metric.cumulative %}
        {% for unit in metric.units %}
            (
                {{ insight_trends(metric, unit) }}
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
        null::double as rolling_average,
        null::double as cumulative,
        null::timestamp as ends_at,
        null::timestamp as rolling_from,
        null::boolean as is_cumulative
    where false
),

history as (
    select {{ start_of_day('min(event_date)') }} as first_start
    from {{ ref('int_days') }}
),

-- of each period, the range of known time that its end is in
spans as (
    select
        periods.ends_at,
        max(known.range_start) as known_from
    from (select distinct ends_at from trends) as periods
    inner join {{ ref('int_known_ranges') }} as known
        on periods.ends_at > known.range_start and periods.ends_at <= known.range_end
    group by periods.ends_at
)

select
    trends.metric,
    trends.unit,
    trends.period_start,
    trends.starts_at,
    trends.segment_1,
    trends.segment_2,
    trends.value,
    trends.rolling_average,
    trends.cumulative,
    case
        when trends.rolling_from is not null then coalesce(spans.known_from > trends.rolling_from, true)
    end as is_rolling_partial,
    case
        when trends.is_cumulative then coalesce(spans.known_from > history.first_start, true)
    end as is_cumulative_partial
from trends
cross join history
left join spans on trends.ends_at = spans.ends_at
