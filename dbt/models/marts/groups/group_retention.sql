{% set units = ['week', 'month'] %}

with active as (
    {% for unit in units %}
        select distinct
            group_key,
            group_id,
            '{{ unit }}' as unit,
            {{ first_day(unit, 'event_date') }} as period_start
        from {{ ref('group_days') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

placed as (
    select
        group_key,
        unit,
        period_start,
        min(period_start) over (partition by group_key, unit, group_id) as cohort_start
    from active
),

counted as (
    select
        group_key,
        unit,
        cohort_start,
        period_start,
        count(*) as groups
    from placed
    group by
        group_key,
        unit,
        cohort_start,
        period_start
),

-- a cohort has a row in each period of the calendar from its first one on
cells as (
    select
        cohorts.group_key,
        cohorts.unit,
        cohorts.cohort_start,
        cohorts.groups as cohort_size,
        periods.period_start,
        periods.active_users is not null as is_known,
        case
            {% for unit in units %}
                when cohorts.unit = '{{ unit }}'
                    then {{ periods_between(unit, 'cohorts.cohort_start', 'periods.period_start') }}
            {% endfor %}
        end::bigint as interval_number,
        case
            {% for unit in units %}
                when cohorts.unit = '{{ unit }}' then (periods.period_start + interval 1 {{ unit }})::date - 1
            {% endfor %}
        end as period_end,
        case
            {% for unit in units %}
                when cohorts.unit = '{{ unit }}' then (cohorts.cohort_start + interval 1 {{ unit }})::date - 1
            {% endfor %}
        end as cohort_end
    from counted as cohorts
    inner join {{ ref('lifecycle') }} as periods
        on
            cohorts.unit = periods.period
            and cohorts.cohort_start <= periods.period_start
    where cohorts.cohort_start = cohorts.period_start
)

select
    cells.group_key,
    cells.unit,
    cells.cohort_start,
    cells.interval_number,
    cells.cohort_size,
    case when cells.is_known then coalesce(counted.groups, 0) end as retained,
    case when cells.is_known then coalesce(counted.groups, 0) end / cells.cohort_size::double as rate,
    coalesce(not {{ reaches_unknown('cells.cohort_start', 'period_ends.') }}, false) as is_complete,
    coalesce({{ reaches_unknown('cells.cohort_start - ' ~ days_before_new(), 'cohort_ends.') }}, true)
        as is_cohort_partial
from cells
left join counted
    on
        cells.group_key = counted.group_key
        and cells.unit = counted.unit
        and cells.cohort_start = counted.cohort_start
        and cells.period_start = counted.period_start
left join {{ ref('days') }} as period_ends on cells.period_end = period_ends.event_date
left join {{ ref('days') }} as cohort_ends on cells.cohort_end = cohort_ends.event_date
