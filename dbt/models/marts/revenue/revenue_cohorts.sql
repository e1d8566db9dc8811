with paid_days as (
    select
        revenue,
        currency,
        user_id,
        event_date,
        amount
    from {{ ref('user_revenue_days') }}
    where user_id is not null
),

-- who has paid by hidden events alone is first seen when they first did
first_paid as (
    select
        user_id,
        min(event_date) as first_date
    from paid_days
    group by user_id
),

users as (
    select
        coalesce(totals.user_id, first_paid.user_id) as user_id,
        {{ first_day('month', 'least(totals.first_date, first_paid.first_date)') }} as cohort_month
    from {{ ref('int_user_totals') }} as totals
    full join first_paid on totals.user_id = first_paid.user_id
    where {{ 'true' if revenues() else 'false' }}
),

sizes as (
    select
        cohort_month,
        count(*) as cohort_size
    from users
    group by cohort_month
),

user_months as (
    select
        paid_days.revenue,
        paid_days.currency,
        users.cohort_month,
        {{ periods_between('month', 'users.cohort_month', 'paid_days.event_date') }} as month_number,
        paid_days.user_id,
        sum(paid_days.amount) as amount
    from paid_days
    inner join users on paid_days.user_id = users.user_id
    group by
        paid_days.revenue,
        paid_days.currency,
        users.cohort_month,
        {{ periods_between('month', 'users.cohort_month', 'paid_days.event_date') }},
        paid_days.user_id
),

counted as (
    select
        revenue,
        currency,
        cohort_month,
        month_number,
        sum(amount) as amount,
        count(*) filter (where amount > 0) as paying_users
    from user_months
    group by
        revenue,
        currency,
        cohort_month,
        month_number
),

series as (
    select distinct
        revenue,
        currency
    from counted
),

ends as (
    select max(event_date) as last_date
    from {{ ref('days') }}
),

cells as (
    select
        series.revenue,
        series.currency,
        sizes.cohort_month,
        sizes.cohort_size,
        unnest(range({{ periods_between('month', 'sizes.cohort_month', 'ends.last_date') }} + 1)) as month_number
    from sizes
    cross join series
    cross join ends
),

summed as (
    select
        cells.revenue,
        cells.currency,
        cells.cohort_month,
        cells.month_number,
        cells.cohort_size,
        coalesce(counted.paying_users, 0) as paying_users,
        coalesce(counted.amount, 0) as amount,
        sum(coalesce(counted.amount, 0)) over (
            partition by cells.revenue, cells.currency, cells.cohort_month
            order by cells.month_number asc
        ) as amount_so_far
    from cells
    left join counted
        on
            cells.revenue = counted.revenue
            and cells.currency = counted.currency
            and cells.cohort_month = counted.cohort_month
            and cells.month_number = counted.month_number
)

select
    summed.revenue,
    summed.currency,
    summed.cohort_month,
    summed.month_number,
    summed.cohort_size,
    summed.paying_users,
    summed.amount::decimal(38, 6) as amount,
    summed.amount_so_far::decimal(38, 6) as amount_so_far,
    summed.amount_so_far / summed.cohort_size as ltv,
    coalesce({{ reaches_unknown('summed.cohort_month', 'cell_ends.') }}, true) as is_partial,
    coalesce({{ reaches_unknown('summed.cohort_month - ' ~ days_before_new(), 'cohort_ends.') }}, true)
        as is_cohort_partial
from summed
left join {{ ref('days') }} as cell_ends
    on last_day({{ months_later('summed.cohort_month', 'summed.month_number') }}) = cell_ends.event_date
left join {{ ref('days') }} as cohort_ends on last_day(summed.cohort_month) = cohort_ends.event_date
