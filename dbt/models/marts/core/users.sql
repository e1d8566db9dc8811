{{ config(pre_hook="{{ declare_user_properties() }}") }}
{% set configured = user_properties() %}
{% set revenue = revenues() | map(attribute='name') | first | default('') %}

with as_of as (
    select max(event_date) as as_of_date
    from {{ ref('days') }}
    where not is_partial
),

-- whether the days that decide about stages are known
stage_days as (
    select
        as_of.as_of_date,
        coalesce(days.known_since > as_of.as_of_date - 13, true) as is_stage_partial
    from as_of
    left join {{ ref('days') }} as days on as_of.as_of_date = days.event_date
),

recent as (
    select
        active.user_id,
        count(*) filter (where active.event_date > as_of.as_of_date - 7) as active_days_7d,
        count(*) filter (
            where active.event_date > as_of.as_of_date - 14 and active.event_date <= as_of.as_of_date - 7
        ) as active_days_before_7d,
        count(*) as active_days_28d,
        sum(active.event_count)::bigint as event_count_28d
    from {{ ref('user_activity') }} as active
    inner join as_of
        on
            active.event_date > as_of.as_of_date - 28
            and active.event_date <= as_of.as_of_date
    group by active.user_id
),

levels as (
    select
        quantile_cont(event_count_28d, 0.9) as power_from,
        quantile_cont(event_count_28d, 0.5) as core_from,
        quantile_cont(event_count_28d, 0.25) as casual_from
    from recent
),

-- a user who merged several profiles has the one with their own id, if there is one
own_profiles as (
    select
        user_id,
        {% for property in configured %}
            {{ property.alias }},
        {% endfor %}
        row_number() over (
            partition by user_id
            order by case when distinct_id = user_id then 0 else 1 end asc, distinct_id asc
        ) as number
    from {{ ref('profiles') }}
),

-- amounts of two currencies have no sum
paid as (
    select
        user_id,
        case when min(currency) = max(currency) then sum(amount) end as revenue,
        case when min(currency) = max(currency) then min(currency) end as revenue_currency
    from {{ ref('user_revenue_days') }}
    where
        user_id is not null
        and revenue = {{ literal(revenue) }}
    group by user_id
),

known_users as (
    select user_id from {{ ref('int_user_totals') }}
    union
    select user_id from own_profiles
),

joined as (
    select
        known_users.user_id,
        own_profiles.user_id is not null as has_profile,
        totals.first_seen_at,
        totals.last_seen_at,
        totals.first_date,
        totals.last_date,
        coalesce(totals.active_days, 0) as active_days,
        coalesce(totals.event_count, 0) as event_count,
        coalesce(totals.session_count, 0) as session_count,
        coalesce(totals.session_seconds, 0) as session_seconds,
        totals.first_utm_source,
        totals.first_utm_medium,
        totals.first_utm_campaign,
        totals.first_referrer,
        totals.first_country_code,
        totals.first_os,
        totals.first_browser,
        totals.first_lib,
        stage_days.as_of_date,
        coalesce(recent.active_days_7d, 0) as active_days_7d,
        coalesce(recent.active_days_before_7d, 0) as active_days_before_7d,
        coalesce(recent.active_days_28d, 0) as active_days_28d,
        coalesce(recent.event_count_28d, 0) as event_count_28d,
        days.known_since > totals.first_date - {{ days_before_new() }} as is_first_seen_partial,
        stage_days.is_stage_partial,
        case when paid.user_id is null then {{ '0' if revenue else 'null' }} else paid.revenue end as revenue,
        paid.revenue_currency,
        {% for property in configured %}
            own_profiles.{{ property.alias }},
        {% endfor %}
        levels.power_from,
        levels.core_from,
        levels.casual_from
    from known_users
    cross join stage_days
    cross join levels
    left join {{ ref('int_user_totals') }} as totals on known_users.user_id = totals.user_id
    left join own_profiles on known_users.user_id = own_profiles.user_id and own_profiles.number = 1
    left join paid on known_users.user_id = paid.user_id
    left join recent on known_users.user_id = recent.user_id
    left join {{ ref('days') }} as days on totals.first_date = days.event_date
)

select
    user_id,
    has_profile,
    first_seen_at,
    last_seen_at,
    first_date,
    last_date,
    active_days,
    event_count,
    session_count,
    session_seconds,
    first_utm_source,
    first_utm_medium,
    first_utm_campaign,
    first_referrer,
    first_country_code,
    first_os,
    first_browser,
    first_lib,
    as_of_date,
    active_days_7d,
    active_days_28d,
    event_count_28d,
    case
        when first_date is null or as_of_date is null then null
        when first_date > as_of_date - 7 then 'new'
        when active_days_7d > 0 and active_days_before_7d > 0 then 'retained'
        when active_days_7d > 0 then 'resurrected'
        when active_days_before_7d > 0 then 'dormant'
        else 'inactive'
    end as stage,
    case
        when event_count_28d = 0 then null
        when event_count_28d >= power_from then 'power'
        when event_count_28d >= core_from then 'core'
        when event_count_28d >= casual_from then 'casual'
        else 'occasional'
    end as activity_level,
    revenue::decimal(38, 6) as revenue,
    revenue_currency,
    {% for property in configured %}
        {{ property.alias }},
    {% endfor %}
    is_first_seen_partial,
    case when first_date is not null then is_stage_partial end as is_stage_partial
from joined
