-- depends_on: {{ ref('int_refetched_ranges') }}
-- `events` has the raw rows deduplicated by Mixpanel's rule, no more and no less. A build tests the
-- days that it rebuilt, `dbt test` all days except those of loads that were not built yet.
{% set looks_at_all = tests_all_rows() %}

with sent as (
    select
        time,
        insert_id,
        {{ row_hash([
            'event', 'time', 'insert_id',
            "coalesce(json_extract_string(properties, '/$distinct_id_before_identity'), distinct_id)",
        ]) }} as event_hash
    from {{ source('mixpanel', 'events') }}
    where {{ 'true' if looks_at_all else is_in_refetched_range('time') }}
),

-- counted by minute before the join, since a range join of few minutes is faster than one of all
-- rows; no range begins or ends within a minute
hashed as (
    select
        date_trunc('minute', time) as minute_start,
        event_hash,
        -- Mixpanel never merges what was sent without one
        case when any_value(insert_id) <> '' then 1 else count(*) end as copies
    from sent
    group by all
),

minutes as (
    select
        minute_start,
        sum(copies)::bigint as event_count,
        {{ sum_of_hashes('event_hash', 'copies') }} as digest
    from hashed
    group by minute_start
),

raw_minutes as (
    select minutes.*
    from minutes
    semi join {{ ref('int_committed_ranges') }} as committed
        on
            minutes.minute_start >= committed.range_start
            and minutes.minute_start < committed.range_end
),

built_minutes as (
    select
        date_trunc('minute', time) as minute_start,
        count(*) as event_count,
        {{ sum_of_hashes(row_hash(
            ['event', 'time', 'insert_id', 'coalesce(distinct_id_before_identity, distinct_id)']
        )) }} as digest
    from {{ ref('events') }}
    where {{ 'true' if looks_at_all else is_in_refetched_range('time') }}
    group by all
),

others as (
    select
        coalesce(raw_minutes.minute_start, built_minutes.minute_start) as minute_start,
        coalesce(raw_minutes.event_count, 0) as raw_events,
        coalesce(built_minutes.event_count, 0) as built_events
    from raw_minutes
    full join built_minutes on raw_minutes.minute_start = built_minutes.minute_start
    where raw_minutes.digest is distinct from built_minutes.digest
),

waiting as (
    select
        range_start,
        range_end
    from {{ source('mixpanel', '_metadata') }}
    where table_name = 'events' and {{ looks_at_all }} and not {{ is_built() }}
)

select
    others.minute_start::date as utc_day,
    sum(others.raw_events) as raw_events,
    sum(others.built_events) as built_events
from others
anti join waiting
    on
        others.minute_start >= waiting.range_start
        and others.minute_start < waiting.range_end
group by all
