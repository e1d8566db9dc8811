{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_user() }}"},
) }}

-- depends_on: {{ ref('int_affected_users') }}
with started as (
    select
        user_id,
        event_key,
        time,
        event_date,
        {{ property_values('Experiment name') }} as experiments,
        {{ property_values('Variant name') }} as variants
    from {{ ref('events') }}
    where
        event = '$experiment_started'
        and user_id is not null
        and {{ when_incremental(is_affected_user()) }}
),

-- an event may have several pairs: the first variant belongs to the first experiment
numbered as (
    select
        user_id,
        event_key,
        time,
        event_date,
        experiments,
        variants,
        unnest(range(array_length(experiments))) as place
    from started
),

pairs as (
    select
        user_id,
        event_key,
        time,
        event_date,
        place,
        list_extract(experiments, place + 1) as experiment,
        coalesce(list_extract(variants, place + 1), '(not set)') as variant
    from numbered
)

select
    experiment,
    user_id,
    arg_min(variant, (time, event_key, place)) as variant,
    min(time) as exposed_at,
    min(event_date) as exposed_date,
    count(*) as exposure_count,
    count(distinct variant) as variant_count
from pairs
where experiment <> ''
group by
    experiment,
    user_id
