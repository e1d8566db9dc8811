-- noqa: disable=layout.indent,layout.long_lines
{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    replaces="{{ is_touched_conversion() }}",
    on_schema_change='fail',
    pre_hook="{{ require_known_conversion_events() }}",
) }}
{% set includes_conversion = switch('attribution_include_conversion_event') %}
{% set back = '>=' if switch('attribution_lookback_inclusive') else '>' %}

-- depends_on: {{ ref('int_touched_users') }}
-- depends_on: {{ ref('int_changed_dates') }}
-- depends_on: {{ ref('int_moved_user_days') }}
with events as (
    select * from {{ ref('events') }}
    where user_id is not null and {{ when_incremental(is_touched_event_of_attribution()) }}
),

conversions as (
    {% for attribution in attributions() %}
        select
            '{{ attribution.name | replace("'", "''") }}' as attribution,
            user_id,
            event_key as conversion_key,
            event as conversion_event,
            time as converted_at,
            event_date as conversion_date,
            lag(time) over (partition by user_id order by time asc, event_key asc) as former_conversion_at
        from events
        where event in {{ literals(attribution.conversion_events) }}
        {% if attribution.counting != 'totals' %}
            qualify row_number() over (
                partition by user_id
                order by time {{ 'desc' if attribution.counting == 'last' else 'asc' }}, event_key asc
            ) = 1
        {% endif %}
        union all
    {% endfor %}
    select
        null::varchar as attribution,
        null::varchar as user_id,
        null::uuid as conversion_key,
        null::varchar as conversion_event,
        null::timestamp as converted_at,
        null::date as conversion_date,
        null::timestamp as former_conversion_at
    where false
),

touches as (
    {% for attribution in attributions() %}
        select
            conversions.attribution,
            conversions.conversion_key,
            touching.event_key as touch_key,
            touching.time as touched_at,
            touching.{{ attribution.touch }}::varchar as touch,
            touching.{{ attribution.touch }}::varchar in {{ literals(attribution.direct_values) }} as is_direct
        from conversions
        inner join events as touching
            on
                conversions.user_id = touching.user_id
                and conversions.converted_at >= touching.time
                and touching.time {{ back }} conversions.converted_at - interval {{ attribution.lookback_days }} day
        where
            conversions.attribution = '{{ attribution.name | replace("'", "''") }}'
            and touching.{{ attribution.touch }} is not null
            and touching.event_key {{ 'is not null' if includes_conversion
                else '<> conversions.conversion_key' }}
            {% if switch('attribution_reset_after_conversion') %}
                and (conversions.former_conversion_at is null or touching.time > conversions.former_conversion_at)
            {% endif %}
        union all
    {% endfor %}
    select
        null::varchar as attribution,
        null::uuid as conversion_key,
        null::uuid as touch_key,
        null::timestamp as touched_at,
        null::varchar as touch,
        null::boolean as is_direct
    where false
),

-- a conversion without a touch is reported, not dropped
placed as (
    select
        conversions.*,
        touches.touch_key,
        touches.touched_at,
        coalesce(touches.touch, '(not set)') as touch,
        coalesce(touches.is_direct, false) as is_direct,
        row_number() over by_time as place,
        count(*) over (partition by conversions.attribution, conversions.conversion_key) as touch_count,
        row_number() over (
            partition by conversions.attribution, conversions.conversion_key
            order by coalesce(touches.is_direct, false) asc, touches.touched_at desc, touches.touch_key desc
        ) as place_from_last_non_direct,
        row_number() over (
            partition by conversions.attribution, conversions.conversion_key, touches.touch
            order by touches.touched_at asc, touches.touch_key asc
        ) as place_of_value,
        coalesce(
            pow(2, -{{ seconds_between('touches.touched_at', 'conversions.converted_at') }} / 604800), 1
        ) as decayed -- half as much every 7 days
    from conversions
    left join touches
        on conversions.attribution = touches.attribution and conversions.conversion_key = touches.conversion_key
    window by_time as (
        partition by conversions.attribution, conversions.conversion_key order by touches.touched_at asc, touches.touch_key asc
    )
)

select
    attribution,
    conversion_key,
    user_id,
    conversion_event,
    converted_at,
    conversion_date,
    touch_key,
    touched_at,
    touch,
    place,
    touch_count,
    (place = 1)::double as first_touch,
    (place = touch_count)::double as last_touch,
    (place_from_last_non_direct = 1)::double as last_non_direct_touch,
    1 / touch_count::double as linear,
    (place_of_value = 1)::double as participation,
    decayed / sum(decayed) over (partition by attribution, conversion_key) as time_decay,
    {{ credit_by_shape(0.4, 0.4) }} as u_shaped,
    {{ credit_by_shape(0.2, 0.6) }} as j_shaped,
    {{ credit_by_shape(0.6, 0.2) }} as inverse_j_shaped
from placed
where {{ when_incremental(is_touched_conversion()) }}
