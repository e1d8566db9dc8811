-- noqa: disable=layout.indent,layout.long_lines
{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_conversion() }}"},
    pre_hook="{{ require_known_conversion_events() }}",
    post_hook="{{ mark_partial_lookbacks() }}",
) }}
{% set includes_conversion = switch('attribution_include_conversion_event') %}
{% set back = '>=' if switch('attribution_lookback_inclusive') else '>' %}

-- depends_on: {{ ref('int_affected_users') }}
-- depends_on: {{ ref('int_refetched_dates') }}
-- depends_on: {{ ref('int_reassigned_user_days') }}
with events as (
    select * from {{ ref('events') }}
    where user_id is not null and {{ when_incremental(is_affected_attribution_event()) }}
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

-- one row for each value of the touch before a conversion: there are fewer values than touches
converted_touches as (
    {% for attribution in attributions() %}
        select
            conversions.attribution,
            conversions.conversion_key,
            touching.touch,
            touching.touch in {{ literals(attribution.direct_values) }} as is_direct,
            count(*) as touches_of_value,
            min(touching.time) as touched_at,
            max(touching.time) as last_touched_at,
            min(touching.place) as first_place,
            max(touching.place) as last_place,
            arg_min(touching.event_key, touching.place) as touch_key,
            -- half as much every 7 days
            sum(pow(2, -{{ seconds_between('touching.time', 'conversions.converted_at') }} / 604800)) as decayed
        from conversions
        inner join (
            select
                user_id,
                time,
                event_key,
                {{ attribution.touch }}::varchar as touch,
                row_number() over (partition by user_id order by time asc, event_key asc) as place
            from events
            where {{ attribution.touch }} is not null
        ) as touching
            on
                conversions.user_id = touching.user_id
                and conversions.converted_at >= touching.time
                and touching.time {{ back }} conversions.converted_at - interval {{ attribution.lookback_days }} day
        where
            conversions.attribution = '{{ attribution.name | replace("'", "''") }}'
            and touching.event_key {{ 'is not null' if includes_conversion
                else '<> conversions.conversion_key' }}
            {% if switch('attribution_reset_after_conversion') %}
                and (conversions.former_conversion_at is null or touching.time > conversions.former_conversion_at)
            {% endif %}
        group by
            conversions.attribution,
            conversions.conversion_key,
            touching.touch
        union all
    {% endfor %}
    select
        null::varchar as attribution,
        null::uuid as conversion_key,
        null::varchar as touch,
        null::boolean as is_direct,
        null::bigint as touches_of_value,
        null::timestamp as touched_at,
        null::timestamp as last_touched_at,
        null::bigint as first_place,
        null::bigint as last_place,
        null::uuid as touch_key,
        null::double as decayed
    where false
),

-- a conversion without a touch is reported, not dropped
placed as (
    select
        conversions.*,
        converted_touches.touch_key,
        converted_touches.touched_at,
        converted_touches.last_touched_at,
        coalesce(converted_touches.touch, '(not set)') as touch,
        coalesce(converted_touches.touches_of_value, 1) as touches_of_value,
        coalesce(converted_touches.decayed, 1) as decayed,
        row_number() over (of_conversion order by converted_touches.first_place asc) as place,
        sum(coalesce(converted_touches.touches_of_value, 1)) over of_conversion as touch_count,
        coalesce(converted_touches.first_place = min(converted_touches.first_place) over of_conversion, true)::int as is_first,
        coalesce(converted_touches.last_place = max(converted_touches.last_place) over of_conversion, true)::int as is_last,
        coalesce(
            converted_touches.last_place = coalesce(
                max(converted_touches.last_place) filter (where not converted_touches.is_direct) over of_conversion,
                max(converted_touches.last_place) over of_conversion
            ),
            true
        ) as is_last_non_direct
    from conversions
    left join converted_touches
        on conversions.attribution = converted_touches.attribution and conversions.conversion_key = converted_touches.conversion_key
    window of_conversion as (partition by conversions.attribution, conversions.conversion_key)
),

credited as (
    select
        attribution,
        conversion_key,
        user_id,
        conversion_event,
        converted_at,
        conversion_date,
        touch,
        touch_key,
        touched_at,
        last_touched_at,
        place,
        touches_of_value,
        touch_count::bigint as touch_count,
        is_first::double as first_touch,
        is_last::double as last_touch,
        is_last_non_direct::double as last_non_direct_touch,
        touches_of_value / touch_count::double as linear,
        1::double as participation,
        decayed / sum(decayed) over (partition by attribution, conversion_key) as time_decay,
        {{ credit_by_shape(0.4, 0.4) }} as u_shaped,
        {{ credit_by_shape(0.2, 0.6) }} as j_shaped,
        {{ credit_by_shape(0.6, 0.2) }} as inverse_j_shaped
    from placed
    where {{ when_incremental(is_affected_conversion()) }}
)

select
    credited.*,
    coalesce({{ has_partial_lookback('credited') }}, true) as is_lookback_partial
from credited
left join {{ ref('days') }} as days on credited.conversion_date = days.event_date
