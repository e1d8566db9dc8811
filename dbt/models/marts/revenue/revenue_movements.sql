-- noqa: disable=layout.indent
{% set movements = ['new', 'reactivation', 'upgrade', 'downgrade', 'churn'] %}
{% set month_start = first_day('month', 'event_date') %}

with user_months as (
    select
        revenue,
        currency,
        user_id,
        {{ month_start }} as month_start,
        sum(amount) as amount
    from {{ ref('user_revenue_days') }}
    where user_id is not null
    group by
        revenue,
        currency,
        user_id,
        {{ month_start }}
    having sum(amount) > 0
),

placed as (
    select
        *,
        lag(amount) over of_user as previous_amount,
        {{ periods_between('month', 'lag(month_start) over of_user', 'month_start') }} as since_previous,
        {{ periods_between('month', 'month_start', 'lead(month_start) over of_user') }} as to_next
    from user_months
    window of_user as (partition by revenue, currency, user_id order by month_start asc)
),

moved as (
    select
        revenue,
        currency,
        month_start,
        case
            when since_previous is null then 'new'
            when since_previous > 1 then 'reactivation'
            when amount > previous_amount then 'upgrade'
            when amount < previous_amount then 'downgrade'
            else 'flat'
        end as movement,
        case when since_previous = 1 then previous_amount else 0 end as amount_before,
        amount as amount_after
    from placed
    union all
    -- a user without an amount has no row of the month in which they churn
    select
        revenue,
        currency,
        {{ months_later('month_start', 1) }} as month_start,
        'churn' as movement,
        amount as amount_before,
        0 as amount_after
    from placed
    where to_next is null or to_next > 1
),

counted as (
    select
        revenue,
        currency,
        month_start,
        {% for movement in movements %}
            sum(case when movement = '{{ movement }}' then abs(amount_after - amount_before) else 0 end)
                as {{ movement }}_amount,
            count(*) filter (where movement = '{{ movement }}') as {{ movement }}_users,
        {% endfor %}
        count(*) filter (where movement = 'flat') as flat_users,
        sum(amount_before) as opening_amount,
        sum(amount_after) as closing_amount
    from moved
    group by
        revenue,
        currency,
        month_start
),

firsts as (
    select
        revenue,
        currency,
        min(month_start) as first_month
    from counted
    group by
        revenue,
        currency
),

months as (
    select
        firsts.revenue,
        firsts.currency,
        periods.period_start as month_start,
        periods.active_users is not null as is_known,
        periods.is_lifecycle_partial
    from firsts
    inner join {{ ref('lifecycle') }} as periods
        on
            periods.period = 'month'
            and firsts.first_month <= periods.period_start
)

select
    months.revenue,
    months.currency,
    months.month_start,
    {% for amount in ['opening'] + movements + ['closing'] %}
        case when months.is_known then coalesce(counted.{{ amount }}_amount, 0) end::decimal(38, 6)
            as {{ amount }}_amount,
    {% endfor %}
    {% for movement in movements + ['flat'] %}
        case when months.is_known then coalesce(counted.{{ movement }}_users, 0) end as {{ movement }}_users,
    {% endfor %}
    case when months.is_known then (counted.closing_amount - counted.new_amount - counted.reactivation_amount) end
        / nullif(counted.opening_amount, 0) as net_retention_rate,
    case when months.is_known then (counted.downgrade_amount + counted.churn_amount) end
        / nullif(counted.opening_amount, 0) as churn_rate,
    months.is_lifecycle_partial as is_partial
from months
left join counted
    on
        months.revenue = counted.revenue
        and months.currency = counted.currency
        and months.month_start = counted.month_start
