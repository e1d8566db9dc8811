-- noqa: disable=all
{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    replaces="{{ is_touched_user() }}",
    before_replacing="{{ log_changed_entries() }}",
    on_schema_change='fail',
    pre_hook="{{ require_known_funnel_events() }}",
) }}
{% set grace = number('funnel_grace_seconds', 0) %}

-- depends_on: {{ ref('int_touched_users') }}
with recursive events as (
    select * from {{ ref('events') }}
    where user_id is not null and {{ when_incremental(is_touched_user()) }}
),

{% for funnel in funnels() %}
    {{ funnel_ctes(funnel, loop.index) }}
{% endfor %}

attempts as (
    {% for funnel in funnels() %}
        select * from attempts_{{ loop.index }}
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
