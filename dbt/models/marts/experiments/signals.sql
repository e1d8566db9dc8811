{{ config(pre_hook="{{ require_known_signal_events() }}") }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('user_days') }}
-- depends_on: {{ ref('int_user_totals') }}
-- depends_on: {{ ref('days') }}
with newcomers as (
    {% for signal in signals() %}
        select
            {{ literal(signal.name) }} as signal,
            totals.user_id,
            totals.first_date,
            totals.first_date + {{ signal.first_days }} as goal_from,
            totals.first_date + {{ signal.first_days + signal.goal_days }} as goal_until
        from {{ ref('int_user_totals') }} as totals
        inner join {{ ref('days') }} as ends
            on totals.first_date + {{ signal.first_days + signal.goal_days - 1 }} = ends.event_date
        where not {{ reaches_unknown('totals.first_date', 'ends.') }}
        union all
    {% endfor %}
    select
        null::varchar as signal,
        null::varchar as user_id,
        null::date as first_date,
        null::date as goal_from,
        null::date as goal_until
    where false
),

converted as (
    {% for signal in signals() %}
        select distinct
            newcomers.signal,
            newcomers.user_id
        from newcomers
        inner join {{ ref('user_days') }} as days_of_user
            on
                newcomers.user_id = days_of_user.user_id
                and newcomers.goal_from <= days_of_user.event_date
                and newcomers.goal_until > days_of_user.event_date
        where
            newcomers.signal = {{ literal(signal.name) }}
            and days_of_user.event in {{ literals(signal.goal_events) }}
        union all
    {% endfor %}
    select
        null::varchar as signal,
        null::varchar as user_id
    where false
),

done as (
    {% for signal in signals() %}
        select
            newcomers.signal,
            newcomers.user_id,
            days_of_user.event,
            sum(days_of_user.event_count) as event_count
        from newcomers
        inner join {{ ref('user_days') }} as days_of_user
            on
                newcomers.user_id = days_of_user.user_id
                and newcomers.first_date <= days_of_user.event_date
                and newcomers.goal_from > days_of_user.event_date
        where
            newcomers.signal = {{ literal(signal.name) }}
            and {{ is_any_of(signal.events, 'days_of_user.event') }}
        group by
            newcomers.signal,
            newcomers.user_id,
            days_of_user.event
        union all
    {% endfor %}
    select
        null::varchar as signal,
        null::varchar as user_id,
        null::varchar as event,
        null::bigint as event_count
    where false
),

thresholds as (
    {% for signal in signals() %}
        {% for times in signal.times | unique %}
            select
                {{ literal(signal.name) }} as signal,
                {{ times }} as times
            union all
        {% endfor %}
    {% endfor %}
    select
        null::varchar as signal,
        null::integer as times
    where false
),

sizes as (
    select
        newcomers.signal,
        count(*) as users,
        count(converted.user_id) as goal_users
    from newcomers
    left join converted on newcomers.signal = converted.signal and newcomers.user_id = converted.user_id
    group by newcomers.signal
),

counted as (
    select
        done.signal,
        done.event,
        thresholds.times,
        count(*) as users_with,
        count(converted.user_id) as goal_users_with
    from done
    inner join thresholds on done.signal = thresholds.signal and done.event_count >= thresholds.times
    left join converted on done.signal = converted.signal and done.user_id = converted.user_id
    group by
        done.signal,
        done.event,
        thresholds.times
),

described as (
    select
        counted.*,
        sizes.users,
        sizes.goal_users,
        sizes.users - counted.users_with as users_without,
        sizes.goal_users - counted.goal_users_with as goal_users_without,
        -- of the table of four fields: with and without the event, with and without the goal
        (
            counted.goal_users_with::double
            * (sizes.users - sizes.goal_users - counted.users_with + counted.goal_users_with)
            - (counted.users_with - counted.goal_users_with)::double * (sizes.goal_users - counted.goal_users_with)
        ) / nullif(
            pow(
                counted.users_with::double * (sizes.users - counted.users_with)
                * sizes.goal_users * (sizes.users - sizes.goal_users),
                0.5
            ),
            0
        ) as correlation
    from counted
    inner join sizes on counted.signal = sizes.signal
)

select
    signal,
    event,
    times,
    users,
    users_with,
    goal_users_with,
    users_without,
    goal_users_without,
    goal_users_with / users_with::double as goal_rate_with,
    goal_users_without / nullif(users_without, 0)::double as goal_rate_without,
    correlation,
    {{ chi_squared_p('(users * correlation * correlation)', '1') }} as p_value
from described
