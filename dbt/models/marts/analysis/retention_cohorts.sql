-- noqa: disable=layout.indent,layout.long_lines
{{ config(pre_hook="{{ require_known_retention_events() }}") }}
{% set days = {'day': 1, 'week': 7, 'month': 30} %}
{% set not_before = '<=' if switch('retention_return_at_birth_instant') else '<' %}

-- depends_on: {{ ref('int_moved_user_days') }}
with events as (
    select
        event,
        time,
        event_date,
        event_key,
        user_id
    from {{ ref('events') }}
    where user_id is not null
),

births as (
    {% for retention in retentions() %}
        {% set row_start = first_day(retention.unit, 'event_date') %}
        select
            '{{ retention.name | replace("'", "''") }}' as retention,
            user_id,
            {{ row_start if retention.kind == 'compounded' else 'min(' ~ row_start ~ ')' }} as cohort_start,
            min(time) as born_at,
            arg_min(event_key, (time, event_key)) as birth_key
        from events
        where {{ is_any_of(retention.birth_events) }}
        group by
            user_id{{ ', ' ~ row_start if retention.kind == 'compounded' }}
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as user_id,
        null::date as cohort_start,
        null::timestamp as born_at,
        null::uuid as birth_key
    where false
),

returns as (
    {% for retention in retentions() %}
        select distinct
            births.retention,
            births.user_id,
            births.cohort_start,
            {% if retention.mode == 'rolling' %}
                (epoch_us(events.time) - epoch_us(births.born_at)) // {{ days[retention.unit] * 86400000000 }}
            {% elif retention.unit == 'month' %}
                date_diff('month', births.cohort_start, events.event_date)
            {% else %}
                ({{ first_day(retention.unit, 'events.event_date') }} - births.cohort_start) // {{ days[retention.unit] }}
            {% endif %} as interval_number
        from births
        inner join events on births.user_id = events.user_id and births.born_at {{ not_before }} events.time
        where
            births.retention = '{{ retention.name | replace("'", "''") }}'
            and births.birth_key <> events.event_key
            and {{ is_any_of(retention.return_events, 'events.event') }}
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as user_id,
        null::date as cohort_start,
        null::bigint as interval_number
    where false
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
            {{ retention.birth_events == retention.return_events }} as is_same_event
        union all
    {% endfor %}
    select
        null::varchar as retention,
        null::varchar as kind,
        null::varchar as unit,
        null::varchar as mode,
        null::integer as intervals,
        null::integer as days,
        null::boolean as is_same_event
    where false
),

-- in a streak the birth counts when it is what one returns for
streaks as (
    select
        retention,
        user_id,
        cohort_start,
        max(interval_number + 1) filter (where interval_number = place) as streak
    from (
        select
            *,
            row_number() over (partition by retention, user_id, cohort_start order by interval_number) - 1 as place
        from (
            select * from returns
            union
            select
                births.retention,
                births.user_id,
                births.cohort_start,
                0 as interval_number
            from births
            inner join definitions on births.retention = definitions.retention and definitions.is_same_event
        ) as counted
    ) as placed
    group by
        retention,
        user_id,
        cohort_start
),

spans as (
    select
        retention,
        user_id,
        cohort_start,
        min(interval_number) as first_return,
        max(interval_number) as last_return
    from returns
    group by
        retention,
        user_id,
        cohort_start
),

users as (
    select
        births.retention,
        births.user_id,
        births.cohort_start,
        spans.first_return,
        spans.last_return,
        coalesce(streaks.streak, 0) as streak
    from births
    left join spans
        on
            births.retention = spans.retention
            and births.user_id = spans.user_id
            and births.cohort_start = spans.cohort_start
    left join streaks
        on
            births.retention = streaks.retention
            and births.user_id = streaks.user_id
            and births.cohort_start = streaks.cohort_start
),

-- few kinds of users in each cohort, so each cell need not look at all of them
kinds as (
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
    from returns
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
    from kinds
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
            when 'day' then sizes.cohort_start + interval 1 day
            when 'week' then sizes.cohort_start + interval 7 days
            else sizes.cohort_start + interval 1 month
        end as next_start
    from sizes
    inner join definitions on sizes.retention = definitions.retention
),

bounded as (
    select
        *,
        case
            when mode = 'calendar' and unit = 'month' then cohort_start + to_months(interval_number::integer)
            else cohort_start + to_days((interval_number * days)::integer)
        end as opens_at,
        case
            when mode = 'calendar' and unit = 'month' then cohort_start + to_months(interval_number::integer + 1)
            when mode = 'calendar' then cohort_start + to_days(((interval_number + 1) * days)::integer)
            else next_start + to_days(((interval_number + 1) * days)::integer) -- of those born at the last moment
        end as closes_at
    from cohorts
),

covered as (
    select {{ local_time('max(least(range_end, fetched_at))') }} as last_time
    from {{ ref('stg_mixpanel__fetches') }}
    where table_name = 'events'
),

cells as (
    select
        bounded.*,
        bounded.closes_at <= covered.last_time as is_complete
    from bounded
    inner join covered on bounded.opens_at < covered.last_time
),

counted as (
    select
        cells.retention,
        cells.cohort_start,
        cells.interval_number,
        coalesce(sum(kinds.users) filter (where kinds.last_return >= cells.interval_number), 0) as retained_on_or_after,
        coalesce(sum(kinds.users) filter (where kinds.first_return <= cells.interval_number), 0) as retained_on_or_before,
        coalesce(sum(kinds.users) filter (where kinds.streak > cells.interval_number), 0) as retained_streak
    from cells
    inner join kinds on cells.retention = kinds.retention and cells.cohort_start = kinds.cohort_start
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
    coalesce(returned.users, 0) as retained_on,
    counted.retained_on_or_after::bigint as retained_on_or_after,
    counted.retained_on_or_before::bigint as retained_on_or_before,
    counted.retained_streak::bigint as retained_streak,
    coalesce(returned.users, 0) / cells.cohort_size::double as rate_on,
    counted.retained_on_or_after / cells.cohort_size::double as rate_on_or_after,
    cells.is_complete
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
