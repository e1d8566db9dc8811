{{ config(pre_hook="{{ require_known_impact_events() }}") }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('user_days') }}
with first_uses as (
    {% for impact in impacts() %}
        select
            {{ literal(impact.name) }} as impact,
            {{ impact.days }} as days,
            user_id,
            min(event_date) as first_use
        from {{ ref('user_days') }}
        where
            event in {{ literals(impact.events) }}
            and user_id is not null
        group by user_id
        union all
    {% endfor %}
    select
        null::varchar as impact,
        null::integer as days,
        null::varchar as user_id,
        null::date as first_use
    where false
),

adopters as (
    select
        first_uses.impact,
        first_uses.days,
        first_uses.user_id,
        first_uses.first_use,
        totals.first_date <= first_uses.first_use - first_uses.days
        and coalesce(not {{ reaches_unknown('first_uses.first_use - first_uses.days', 'ends.') }}, false) as is_compared
    from first_uses
    left join {{ ref('int_user_totals') }} as totals on first_uses.user_id = totals.user_id
    left join {{ ref('days') }} as ends on first_uses.first_use + first_uses.days = ends.event_date
),

outcomes as (
    {% for impact in impacts() %}
        select
            {{ literal(impact.name) }} as impact,
            user_id,
            event_date,
            event_count
        from {{ ref('user_days') }}
        where
            event in {{ literals(impact.outcome_events) }}
            and user_id is not null
        union all
    {% endfor %}
    select
        null::varchar as impact,
        null::varchar as user_id,
        null::date as event_date,
        null::bigint as event_count
    where false
),

-- the day of the first use is in neither period
per_user as (
    select
        adopters.impact,
        adopters.user_id,
        adopters.days,
        coalesce(sum(case when outcomes.event_date < adopters.first_use then outcomes.event_count end), 0)::double
            as count_before,
        coalesce(sum(case when outcomes.event_date > adopters.first_use then outcomes.event_count end), 0)::double
            as count_after
    from adopters
    left join outcomes
        on
            adopters.impact = outcomes.impact
            and adopters.user_id = outcomes.user_id
            and outcomes.event_date >= adopters.first_use - adopters.days
            and outcomes.event_date <= adopters.first_use + adopters.days
    where coalesce(adopters.is_compared, false)
    group by
        adopters.impact,
        adopters.user_id,
        adopters.days
),

summed as (
    select
        impact,
        count(*) as compared_users,
        sum(count_before) / count(*) as mean_before,
        sum(count_after) / count(*) as mean_after,
        count(*) filter (where count_before > 0) as users_before,
        count(*) filter (where count_after > 0) as users_after,
        sum(pow(count_after - count_before, 2)) as squares
    from per_user
    group by impact
),

counted as (
    select
        impact,
        any_value(days) as days,
        count(*) as adopters
    from adopters
    group by impact
),

described as (
    select
        counted.impact,
        counted.days,
        counted.adopters,
        coalesce(summed.compared_users, 0) as compared_users,
        summed.mean_before,
        summed.mean_after,
        summed.users_before,
        summed.users_after,
        summed.mean_after - summed.mean_before as difference,
        -- each user is compared with themselves, so the variance is that of their differences
        nullif(
            pow(
                greatest(
                    summed.squares - summed.compared_users * pow(summed.mean_after - summed.mean_before, 2), 0
                ) / nullif(summed.compared_users - 1, 0) / summed.compared_users,
                0.5
            ),
            0
        ) as difference_error,
        nullif(summed.compared_users - 1, 0) as degrees
    from counted
    left join summed on counted.impact = summed.impact
),

bounded as (
    select
        *,
        {{ t_of_95_percent('degrees') }} as t,
        difference / difference_error as t_of_difference
    from described
),

placed as (
    select
        *,
        {{ normal_of_t('t_of_difference', 'degrees') }} as z
    from bounded
)

select
    impact,
    days,
    adopters,
    compared_users,
    users_before,
    users_after,
    mean_before,
    mean_after,
    difference,
    difference - t * difference_error as difference_low,
    difference + t * difference_error as difference_high,
    difference / nullif(mean_before, 0) as lift,
    case when z is not null then {{ two_sided_p('z') }} end as p_value
from placed
