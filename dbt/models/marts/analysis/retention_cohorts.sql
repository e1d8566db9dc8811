-- noqa: disable=layout.indent,layout.long_lines
{% set days = {'day': 1, 'week': 7, 'month': 30} %}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('int_retention_users') }}
-- depends_on: {{ ref('int_affected_users') }}
{% set is_segmented = retentions() | selectattr('segment') | list | length > 0 %}
with own_rows as (
    {% if uses_working_tables() %}
        select * from {{ ref('int_retention_users') }}
    {% else %}
        {{ users_of_retentions() }}
    {% endif %}
),

-- each user over all, and once more in their segment
users as (
    {% for by in ['null::varchar'] + (['segment'] if is_segmented else []) %}
        {{ 'union all' if not loop.first }}
        select
            retention,
            user_id,
            cohort_start,
            {{ by }} as segment,
            first_return,
            last_return,
            streak,
            returned_in,
            value_sums
        from own_rows
        {{ 'where segment is not null' if not loop.first }}
    {% endfor %}
),

definitions as (
    {% for retention in retentions() %}
        select
            '{{ retention.name | replace("'", "''") }}' as retention,
            '{{ retention.kind }}' as kind,
            '{{ retention.unit }}' as unit,
            '{{ retention.mode }}' as mode,
            {{ retention.intervals }} as intervals,
            {{ days[retention.unit] }} as days,
            {{ retention.value != '' }} as has_value,
            {{ retention.bounds if retention.brackets else 'null' }}::bigint[] as bounds
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as kind,
        null::varchar as unit,
        null::varchar as mode,
        null::integer as intervals,
        null::integer as days,
        null::boolean as has_value,
        null::bigint[] as bounds
    where false
),

-- users of a cohort with equal values are one group, so that a cell reads few groups, not all users
user_groups as (
    select
        retention,
        segment,
        cohort_start,
        first_return,
        last_return,
        streak,
        count(*) as users
    from users
    group by
        retention,
        segment,
        cohort_start,
        first_return,
        last_return,
        streak
),

returned as (
    select
        retention,
        segment,
        cohort_start,
        interval_number,
        count(*) as users,
        sum(value_sum) as value_sum
    from (
        select
            retention,
            segment,
            cohort_start,
            list_extract(returned_in, place + 1) as interval_number,
            list_extract(list_extract(value_sums, place + 1), 2) as value_sum
        from (
            select
                *,
                unnest(range(array_length(returned_in))) as place
            from users
        ) as placed
    ) as returns
    group by
        retention,
        segment,
        cohort_start,
        interval_number
),

sizes as (
    select
        retention,
        segment,
        cohort_start,
        sum(users) as cohort_size
    from user_groups
    group by
        retention,
        segment,
        cohort_start
),

cohorts as (
    select
        sizes.*,
        definitions.kind,
        definitions.unit,
        definitions.mode,
        definitions.days,
        definitions.has_value,
        definitions.bounds,
        unnest(range(definitions.intervals + 1)) as interval_number,
        case definitions.unit
            when 'day' then sizes.cohort_start + 1
            when 'week' then sizes.cohort_start + 7
            else (sizes.cohort_start + interval 1 month)::date
        end as next_start
    from sizes
    inner join definitions on sizes.retention = definitions.retention
),

-- the units of an interval: one, or those of a bracket
sized as (
    select
        *,
        case when bounds is null then interval_number else list_extract(bounds, interval_number + 1) end as first_unit,
        case when bounds is null then interval_number else list_extract(bounds, interval_number + 2) - 1 end as last_unit
    from cohorts
),

-- the bounds in time of a cell: by the calendar, or on the clock of each user since the birth
bounded as (
    select
        *,
        {{ start_of_day('next_start') }} as last_birth_before,
        case
            when mode = 'calendar' then {{ start_of_day('calendar_start') }}
            else {{ start_of_day('cohort_start') }} + to_hours(first_unit * days * 24)
        end as opens_at,
        case
            when mode = 'calendar' then {{ start_of_day('calendar_end') }}
            -- of users born at the last moment of the row
            else {{ start_of_day('next_start') }} + to_hours((last_unit + 1) * days * 24)
        end as closes_at
    from (
        select
            *,
            case
                when unit = 'month' then (cohort_start + to_months(first_unit::integer))::date
                else cohort_start + (first_unit * days)::integer
            end as calendar_start,
            case
                when unit = 'month' then (cohort_start + to_months(last_unit::integer + 1))::date
                else cohort_start + ((last_unit + 1) * days)::integer
            end as calendar_end
        from sized
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
        cells.segment,
        cells.cohort_start,
        cells.interval_number,
        coalesce(sum(user_groups.users) filter (where user_groups.last_return >= cells.interval_number), 0) as retained_on_or_after,
        coalesce(sum(user_groups.users) filter (where user_groups.first_return <= cells.interval_number), 0) as retained_on_or_before,
        coalesce(sum(user_groups.users) filter (where user_groups.streak > cells.interval_number), 0) as retained_streak
    from cells
    inner join user_groups
        on
            cells.retention = user_groups.retention
            and cells.segment is not distinct from user_groups.segment
            and cells.cohort_start = user_groups.cohort_start
    group by
        cells.retention,
        cells.segment,
        cells.cohort_start,
        cells.interval_number
)

select
    cells.retention,
    cells.kind,
    cells.unit,
    cells.mode,
    cells.segment,
    cells.cohort_start,
    cells.interval_number,
    cells.first_unit::bigint as first_unit,
    cells.last_unit::bigint as last_unit,
    cells.cohort_size::bigint as cohort_size,
    case when cells.is_known then coalesce(returned.users, 0) end as retained_on,
    counted.retained_on_or_after::bigint as retained_on_or_after,
    counted.retained_on_or_before::bigint as retained_on_or_before,
    counted.retained_streak::bigint as retained_streak,
    case when cells.is_known then coalesce(returned.users, 0) end / cells.cohort_size::double as rate_on,
    counted.retained_on_or_after / cells.cohort_size::double as rate_on_or_after,
    case when cells.is_known and cells.has_value then coalesce(returned.value_sum, 0)::double end as value_on,
    case
        when cells.has_value
            then (
                sum(coalesce(returned.value_sum, 0)) over (
                    partition by cells.retention, cells.segment, cells.cohort_start
                    order by cells.interval_number asc
                )
            )::double
    end as value_on_or_before,
    cells.is_complete,
    cells.is_cohort_partial
from cells
inner join counted
    on
        cells.retention = counted.retention
        and cells.segment is not distinct from counted.segment
        and cells.cohort_start = counted.cohort_start
        and cells.interval_number = counted.interval_number
left join returned
    on
        cells.retention = returned.retention
        and cells.segment is not distinct from returned.segment
        and cells.cohort_start = returned.cohort_start
        and cells.interval_number = returned.interval_number
