-- a cell that is not complete would pull its interval down
with complete as (
    select * from {{ ref('retention_cohorts') }}
    where is_complete
)

select
    retention,
    segment,
    interval_number,
    count(*) as cohorts,
    sum(cohort_size)::bigint as users,
    sum(retained_on * cohort_size) / sum(cohort_size)::double as users_on_weighted,
    sum(retained_on * cohort_size) / sum(cohort_size * cohort_size)::double as rate_on_weighted,
    sum(retained_on) / sum(cohort_size)::double as rate_on_pooled,
    sum(retained_on_or_after * cohort_size) / sum(cohort_size * cohort_size)::double as rate_on_or_after_weighted,
    sum(retained_on_or_after) / sum(cohort_size)::double as rate_on_or_after_pooled,
    count(*) filter (where is_cohort_partial) as partial_cohorts
from complete
group by
    retention,
    segment,
    interval_number
