{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_changed_funnel_day() }}"},
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_refetched_ranges') }}
with attempts as (
    select * from {{ ref('funnel_attempts') }}
    {% if is_incremental() %}
        where {{ is_changed_funnel_day() }}
    {% endif %}
),

{{ funnel_counts('entry_date') }}

select
    counted.funnel,
    counted.segment,
    counted.entry_date,
    counted.step_number,
    counted.step,
    {{ funnel_numbers('entry_date') }},
    not days.is_partial and coalesce(days.known_until >= counted.open_until, false) as is_complete,
    {{ reaches_unknown('counted.looks_back_to', 'days.') }} as is_entry_partial
from counted
inner join {{ ref('days') }} as days on counted.entry_date = days.event_date
