-- noqa: disable=layout.indent,layout.long_lines
{% set days = {'day': 1, 'week': 7, 'month': 30} %}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('int_retention_users') }}
-- depends_on: {{ ref('int_affected_users') }}
with users as (
    {% if uses_working_tables() %}
        select * from {{ ref('int_retention_users') }}
    {% else %}
        {{ users_of_retentions() }}
    {% endif %}
),

definitions as (
    {% for retention in retentions() %}
        select
            '{{ retention.name | replace("'", "''") }}' as retention,
            '{{ retention.kind }}' as kind,
            '{{ retention.unit }}' as unit,
            '{{ retention.mode }}' as mode,
            {{ retention.intervals }} as intervals,
            {{ days[retention.unit] }} as days
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as kind,
        null::varchar as unit,
        null::varchar as mode,
        null::integer as intervals,
        null::integer as days
    where false
),

-- users of a cohort with equal values are one group, so that a cell reads few groups, not all users
user_groups as (
    select
        retention,
        cohort_start,
        first_return,
        last_return,
        streak,
        count(*) as users
    from users
    group by
        retention,
        cohort_start,
        first_return,
        last_return,
        streak
),

returned as (
    select
        retention,
        cohort_start,
        interval_number,
        count(*) as users
    from (
        select
            retention,
            cohort_start,
            unnest(returned_in) as interval_number
        from users
    ) as returns
    group by
        retention,
        cohort_start,
        interval_number
),

sizes as (
    select
        retention,
        cohort_start,
        sum(users) as cohort_size
    from user_groups
    group by
        retention,
        cohort_start
),

cohorts as (
    select
        sizes.*,
        definitions.kind,
        definitions.unit,
        definitions.mode,
        definitions.days,
        unnest(range(definitions.intervals + 1)) as interval_number,
        case definitions.unit
            when 'day' then sizes.cohort_start + 1
            when 'week' then sizes.cohort_start + 7
            else (sizes.cohort_start + interval 1 month)::date
        end as next_start
    from sizes
    inner join definitions on sizes.retention = definitions.retention
),

-- the bounds in time of a cell: by the calendar, or on the clock of each user since the birth
bounded as (
    select
        *,
        {{ start_of_day('next_start') }} as last_birth_before,
        case
            when mode = 'calendar' then {{ start_of_day('calendar_start') }}
            else {{ start_of_day('cohort_start') }} + to_hours(interval_number * days * 24)
        end as opens_at,
        case
            when mode = 'calendar' then {{ start_of_day('calendar_end') }}
            -- of users born at the last moment of the row
            else {{ start_of_day('next_start') }} + to_hours((interval_number + 1) * days * 24)
        end as closes_at
    from (
        select
            *,
            case
                when unit = 'month' then (cohort_start + to_months(interval_number::integer))::date
                else cohort_start + (interval_number * days)::integer
            end as calendar_start,
            case
                when unit = 'month' then (cohort_start + to_months(interval_number::integer + 1))::date
                else cohort_start + ((interval_number + 1) * days)::integer
            end as calendar_end
        from cohorts
    ) as dated
),

-- until when everything is known from a row's first day on, and from the days on that decide
-- whether a birth is the first
covered as (
    {% for unit in days %}
        select
            '{{ unit }}' as unit,
            cohort_start,
            max(known_until) filter (where known_since <= cohort_start) as known_until,
            max(known_until) filter (where known_since <= cohort_start - {{ days_before_new() }}) as births_known_until
        from (
            select
                *,
                {{ first_day(unit, 'event_date') }} as cohort_start
            from {{ ref('days') }}
        ) as units
        group by cohort_start
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

cells as (
    select
        bounded.*,
        coalesce(bounded.closes_at <= covered.known_until, false) as is_complete,
        coalesce(
            bounded.last_birth_before
            > case when bounded.kind = 'birth' then covered.births_known_until else covered.known_until end,
            true
        ) as is_cohort_partial,
        -- true if any day of the cell is known; the ASOF join finds the last known day before its
        -- end
        coalesce(known.event_date >= {{ local_time('bounded.opens_at') }}::date, false) as is_known
    from bounded
    inner join covered on bounded.unit = covered.unit and bounded.cohort_start = covered.cohort_start
    asof left join {{ ref('days') }} as known
        on {{ local_time("(bounded.closes_at - interval 1 microsecond)") }}::date >= known.event_date
    where bounded.opens_at < (select max(ends.known_until) from {{ ref('days') }} as ends)
),

counted as (
    select
        cells.retention,
        cells.cohort_start,
        cells.interval_number,
        coalesce(sum(user_groups.users) filter (where user_groups.last_return >= cells.interval_number), 0) as retained_on_or_after,
        coalesce(sum(user_groups.users) filter (where user_groups.first_return <= cells.interval_number), 0) as retained_on_or_before,
        coalesce(sum(user_groups.users) filter (where user_groups.streak > cells.interval_number), 0) as retained_streak
    from cells
    inner join user_groups on cells.retention = user_groups.retention and cells.cohort_start = user_groups.cohort_start
    group by
        cells.retention,
        cells.cohort_start,
        cells.interval_number
)

select
    cells.retention,
    cells.kind,
    cells.unit,
    cells.mode,
    cells.cohort_start,
    cells.interval_number,
    cells.cohort_size::bigint as cohort_size,
    case when cells.is_known then coalesce(returned.users, 0) end as retained_on,
    counted.retained_on_or_after::bigint as retained_on_or_after,
    counted.retained_on_or_before::bigint as retained_on_or_before,
    counted.retained_streak::bigint as retained_streak,
    case when cells.is_known then coalesce(returned.users, 0) end / cells.cohort_size::double as rate_on,
    counted.retained_on_or_after / cells.cohort_size::double as rate_on_or_after,
    cells.is_complete,
    cells.is_cohort_partial
from cells
inner join counted
    on
        cells.retention = counted.retention
        and cells.cohort_start = counted.cohort_start
        and cells.interval_number = counted.interval_number
left join returned
    on
        cells.retention = returned.retention
        and cells.cohort_start = returned.cohort_start
        and cells.interval_number = returned.interval_number
