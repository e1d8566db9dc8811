{% set units = ['day', 'week', 'month'] %}

with amounts as (
    {% for unit in units %}
        {% set period_start = first_day(unit, 'event_date') %}
        select
            '{{ unit }}' as unit,
            {{ period_start }} as period_start,
            revenue,
            currency,
            user_id,
            sum(amount) as amount,
            sum(event_count)::bigint as event_count
        from {{ ref('user_revenue_days') }}
        group by
            {{ period_start }},
            revenue,
            currency,
            user_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        unit,
        period_start,
        revenue,
        currency,
        sum(amount) as amount,
        sum(case when user_id is not null then amount else 0 end) as user_amount,
        sum(event_count)::bigint as event_count,
        count(user_id) filter (where amount > 0) as paying_users
    from amounts
    group by
        unit,
        period_start,
        revenue,
        currency
),

firsts as (
    select
        unit,
        revenue,
        currency,
        min(period_start) as first_start
    from counted
    group by
        unit,
        revenue,
        currency
),

-- each period from the first with an amount on, so that one without any has zeros
spine as (
    select
        firsts.revenue,
        firsts.currency,
        firsts.unit,
        periods.period_start,
        periods.active_users,
        periods.is_partial
    from firsts
    inner join {{ ref('lifecycle') }} as periods
        on
            firsts.unit = periods.period
            and firsts.first_start <= periods.period_start
)

select
    spine.revenue,
    spine.currency,
    spine.unit,
    spine.period_start,
    case when spine.active_users is not null then coalesce(counted.amount, 0) end::decimal(38, 6) as amount,
    case when spine.active_users is not null then coalesce(counted.user_amount, 0) end::decimal(38, 6) as user_amount,
    case when spine.active_users is not null then coalesce(counted.event_count, 0) end as event_count,
    case when spine.active_users is not null then coalesce(counted.paying_users, 0) end as paying_users,
    spine.active_users,
    coalesce(counted.user_amount, 0) / nullif(spine.active_users, 0) as arpu,
    counted.user_amount / nullif(counted.paying_users, 0) as arppu,
    spine.is_partial
from spine
left join counted
    on
        spine.revenue = counted.revenue
        and spine.currency = counted.currency
        and spine.unit = counted.unit
        and spine.period_start = counted.period_start
