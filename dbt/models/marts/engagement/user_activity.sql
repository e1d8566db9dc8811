-- noqa: disable=layout.indent
{{ config(
    materialized='replaced_rows',
    meta={
        'keeps_equal_rows': true,
        'replaces': "{{ is_affected_or_beside() }}",
    },
    post_hook="{{ mark_gaps_before() }}",
) }}

-- depends_on: {{ ref('int_affected_users') }}
-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
with active as (
    select
        user_id,
        event_date,
        sum(event_count)::bigint as event_count,
        count(*) as distinct_event_count,
        min(first_at) as first_at,
        max(last_at) as last_at
        {%- if is_incremental() %},
            {{ neighbours_unknown() }}
        {%- endif %}
    from {{ ref('user_days') }}
    where
        user_id is not null
        and {{ is_counted() }}
        and {{ when_incremental(is_affected_user() ~ ' and ' ~ is_affected()) }}
    group by
        user_id,
        event_date
    {% if is_incremental() %}
        union all
        {{ rows_beside_affected([
            'user_id', 'event_date', 'event_count', 'distinct_event_count', 'first_at', 'last_at'
        ]) }}
    {% endif %}
),

placed as (
    select
        user_id,
        event_date,
        event_count,
        distinct_event_count,
        first_at,
        last_at,
        {{ neighbouring_date('previous_date', 'of_user') }} as previous_date,
        {{ neighbouring_date('next_date', 'of_user') }} as next_date
    from active
    window of_user as (partition by user_id order by event_date asc)
)

select
    placed.*,
    {{ has_gap_before('placed') }} as is_gap_before
from placed
inner join {{ ref('days') }} as days on placed.event_date = days.event_date
