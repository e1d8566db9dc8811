with totals as (
    select
        funnel,
        segment,
        step_number,
        step,
        sum(entries) as entries,
        sum(reached) as reached
    from {{ ref('funnels') }}
    where segment is not null and is_complete
    group by
        funnel,
        segment,
        step_number,
        step
),

compared as (
    select
        *,
        sum(entries) over (partition by funnel, step_number) - entries as other_entries,
        sum(reached) over (partition by funnel, step_number) - reached as other_reached
    from totals
),

tested as (
    select
        *,
        {{ two_proportion_z('reached', 'entries', 'other_reached', 'other_entries') }} as z_score
    from compared
)

select
    funnel,
    segment,
    step_number,
    step,
    entries::bigint as entries,
    reached::bigint as reached,
    reached / entries::double as rate,
    {{ wilson_bound('reached', 'entries', '-') }}::double as rate_low,
    {{ wilson_bound('reached', 'entries', '+') }}::double as rate_high,
    other_reached / nullif(other_entries, 0)::double as other_rate,
    z_score::double as z_score,
    case when z_score is not null then {{ two_sided_p('z_score') }} end::double as p_value
from tested
