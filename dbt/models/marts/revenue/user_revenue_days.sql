{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected() }}"},
    pre_hook="{{ require_known_revenue_events() }}",
) }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
-- depends_on: {{ ref('int_refetched_dates') }}
with paid as (
    {% for entry in revenues() %}
        select
            {{ literal(entry.name) }} as revenue,
            event_date,
            user_id,
            {{ "coalesce(nullif(" ~ event_value(entry.currency) ~ ", ''), '(not set)')" if entry.currency
                else "'(not set)'" }} as currency,
            {{ read_as_money(event_value(entry.amount)) }} as amount
        from {{ ref('events') }}
        where
            event in {{ literals(entry.events) }}
            and {{ when_incremental(is_affected()) }}
        union all
    {% endfor %}
    select
        null::varchar as revenue,
        null::date as event_date,
        null::varchar as user_id,
        null::varchar as currency,
        null::decimal(20, 6) as amount
    where false
)

select
    revenue,
    event_date,
    user_id,
    currency,
    coalesce(sum(amount), 0)::decimal(38, 6) as amount,
    count(*) as event_count,
    count(*) - count(amount) as events_without_amount
from paid
group by
    revenue,
    event_date,
    user_id,
    currency
