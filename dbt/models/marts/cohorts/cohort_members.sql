{{ config(
    materialized='replaced_rows',
    meta={
        'replaces': "{{ is_affected_member() }}",
        'before_replacing': "{{ log_changed_cohort_days() }}",
    },
    pre_hook="{{ require_known_cohort_events() }}",
) }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('user_days') }}
-- depends_on: {{ ref('int_affected_users') }}
with ranges as (
    {% for cohort in cohorts() %}
        (
            {{ cohort_ranges(cohort, loop.index) }}
        )
        union all
    {% endfor %}
    select
        null::varchar as cohort,
        null::varchar as user_id,
        null::date as from_date,
        null::date as until_date
    where false
)

select
    cohort,
    user_id,
    from_date,
    until_date
from ranges
