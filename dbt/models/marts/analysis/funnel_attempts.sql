-- noqa: disable=all
{{ config(
    materialized='replaced_rows',
    meta={
        'replaces': "{{ is_affected_user_of(cohorts_of_funnels()) }}",
        'before_replacing': "{{ log_changed_funnel_days() }}",
    },
    pre_hook="{{ require_known_funnel_events() }}",
) }}
{% set grace = number('funnel_grace_seconds', 0) %}

-- depends_on: {{ ref('int_affected_users') }}
{% if funnels() | selectattr('counting', 'equalto', 'sessions') | list %}
-- which sessions events belong to
-- depends_on: {{ ref('sessions') }}
{% endif %}
with events as (
    select * from {{ events_with_cohorts(cohorts_of_funnels()) }}
    where user_id is not null and {{ when_incremental(is_affected_user_of(cohorts_of_funnels())) }}
),

attempts as (
    {{ attempts_at_funnels() }}
)

select
    funnel,
    segment,
    user_id,
    entry_date,
    entered_at,
    steps_reached,
    step_times,
    step_values,
    is_converted,
    open_until
from attempts
