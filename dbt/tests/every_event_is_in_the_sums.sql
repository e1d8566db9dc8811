-- What tables count adds up to what they count.
with sums as (
    select
        'user_days' as table_name,
        coalesce(sum(event_count), 0) as summed,
        (select count(*) from {{ ref('events') }}) as wanted
    from {{ ref('user_days') }}
    union all
    select
        'user_activity' as table_name,
        coalesce(sum(event_count), 0) as summed,
        (
            select coalesce(sum(days.event_count), 0)
            from {{ ref('user_days') }} as days
            where days.user_id is not null and {{ is_counted('days.event') }}
        ) as wanted
    from {{ ref('user_activity') }}
    union all
    select
        'sessions' as table_name,
        coalesce(sum(event_count), 0) as summed,
        (select count(kept.session_id) from {{ ref('events') }} as kept) as wanted
    from {{ ref('sessions') }}
    union all
    select
        'daily_events' as table_name,
        coalesce(sum(event_count), 0) as summed,
        (select count(*) from {{ ref('events') }}) as wanted
    from {{ ref('daily_events') }}
)

select * from sums
where summed <> wanted
