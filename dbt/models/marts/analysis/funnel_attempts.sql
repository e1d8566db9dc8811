-- noqa: disable=all
{{ config(
    materialized='replaced_rows',
    meta={
        'replaces': "{{ is_affected_user() }}",
        'before_replacing': "{{ log_changed_funnel_days() }}",
    },
    pre_hook="{{ require_known_funnel_events() }}",
) }}
{% set grace = number('funnel_grace_seconds', 0) %}

-- depends_on: {{ ref('int_affected_users') }}
with events as (
    select * from {{ ref('events') }}
    where user_id is not null and {{ when_incremental(is_affected_user()) }}
),

-- The CTEs of a funnel are inside its part of the union: DuckDB nests the CTEs of one `with` in
-- each other, and plans a long list of them in a time that grows with its square.
attempts as (
    {% for funnel in funnels() %}
        (
            with recursive
            {{ funnel_ctes(funnel, loop.index) }}
            select * from attempts_{{ loop.index }}
        )
        union all
    {% endfor %}
    select
        null::varchar as funnel,
        null::varchar as segment,
        null::varchar as user_id,
        null::date as entry_date,
        null::timestamp as entered_at,
        null::bigint as steps_reached,
        null::timestamp[] as step_times,
        null::boolean as is_converted,
        null::timestamp as open_until
    where false
)

select
    funnel,
    segment,
    user_id,
    entry_date,
    entered_at,
    steps_reached,
    step_times,
    is_converted,
    open_until
from attempts
