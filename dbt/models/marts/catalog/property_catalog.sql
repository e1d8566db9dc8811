{% set registers = registers() %}

with days as (
    select * from {{ ref('int_property_months') }}
),

totals as (
    select
        event,
        sum(event_count)::bigint as event_count
    from {{ ref('user_days') }}
    group by event
),

{{ merged_properties(['event', 'property']) }},

weighed as (
    select
        event,
        property,
        count(*) as filled,
        {{ registers * registers * 0.7183 }} / ({{ registers }} - count(*) + sum(pow(2, -rarest::integer))) as estimate
    from merged
    group by
        event,
        property
)

select
    counted.event,
    counted.property,
    totals.event_count,
    counted.defined,
    counted.defined / totals.event_count::double as fill_rate,
    counted.strings,
    counted.numbers,
    counted.booleans,
    counted.lists,
    counted.objects,
    counted.nulls,
    (counted.strings > 0)::int + (counted.numbers > 0)::int + (counted.booleans > 0)::int
    + (counted.lists > 0)::int + (counted.objects > 0)::int > 1 as is_mixed_type,
    -- for few values the number of empty registers is more exact
    round(
        case
            when weighed.event is null then 0
            when weighed.estimate <= {{ 2.5 * registers }} and weighed.filled < {{ registers }}
                then {{ registers }} * ln({{ registers }} / ({{ registers }} - weighed.filled)::double)
            else weighed.estimate
        end
    )::bigint as distinct_estimate,
    shown.examples,
    counted.first_at as first_seen_at,
    counted.last_at as last_seen_at
from counted
inner join totals on counted.event = totals.event
left join shown on counted.event = shown.event and counted.property = shown.property
left join weighed on counted.event = weighed.event and counted.property = weighed.property
