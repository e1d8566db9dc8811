{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_refetched_month('month_start') }}"},
    schema='working',
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
-- `property_catalog` would combine all days in each build; here past months are combined once.
with days as (
    select
        *,
        date_trunc('month', event_date)::date as month_start
    from {{ ref('int_property_days') }}
    where {{ when_incremental(is_refetched_month("date_trunc('month', event_date)")) }}
),

{{ merged_properties(['month_start', 'event', 'property']) }},

listed as (
    select
        month_start,
        event,
        property,
        list(register) as registers,
        list(rarest) as rarest
    from merged
    group by
        month_start,
        event,
        property
)

select
    counted.*,
    shown.examples,
    listed.registers,
    listed.rarest
from counted
left join shown
    on
        counted.month_start = shown.month_start
        and counted.event = shown.event
        and counted.property = shown.property
left join listed
    on
        counted.month_start = listed.month_start
        and counted.event = listed.event
        and counted.property = listed.property
