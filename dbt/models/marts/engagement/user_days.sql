-- noqa: disable=layout.indent
{{ config(
    materialized='replaced_rows',
    meta={
        'keeps_equal_rows': true,
        'replaces': "{{ is_affected_or_beside() }} or (user_id is null and {{ is_refetched_date() }})",
    },
    post_hook="{{ mark_gaps_before() }}",
) }}

-- depends_on: {{ ref('int_affected_users') }}
-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
-- A rebuilt day changes the rows before and after it of the same users. Older and newer rows know their
-- neighbours, so a build costs as much as its days do, and not as much as the history of their users.
with doings_of_days as (
    select
        event_date,
        user_id,
        event,
        count(*) as event_count,
        min(time) as first_at,
        max(time) as last_at,
        bit_or({{ bit_of_hour('local_time') }}) as active_hours
        {%- if is_incremental() %},
            {{ neighbours_unknown() }}
        {%- endif %}
    from {{ ref('events') }}
    where {{ when_incremental('(user_id is null or ' ~ is_affected_user() ~ ') and ' ~ is_affected()) }}
    group by
        event_date,
        user_id,
        event
    {% if is_incremental() %}
        union all
        {{ rows_beside_affected([
            'event_date', 'user_id', 'event', 'event_count', 'first_at', 'last_at', 'active_hours'
        ]) }}
    {% endif %}
),

placed as (
    select
        event_date,
        user_id,
        event,
        event_count,
        first_at,
        last_at,
        active_hours,
        case when user_id is not null then {{ neighbouring_date('previous_date', 'event_days') }} end as previous_date,
        case when user_id is not null then {{ neighbouring_date('next_date', 'event_days') }} end as next_date
    from doings_of_days
    window event_days as (partition by event, user_id order by event_date asc)
)

select
    placed.*,
    case when placed.user_id is not null then {{ has_gap_before('placed') }} end as is_gap_before
from placed
inner join {{ ref('days') }} as days on placed.event_date = days.event_date
