{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ is_affected_user() }}"},
    schema='working',
    pre_hook="{{ require_known_experiment_events() }}",
) }}

-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('int_affected_users') }}
with exposures as (
    select
        experiment,
        user_id,
        exposed_at
    from {{ ref('experiment_exposures') }}
    where {{ when_incremental(is_affected_user()) }}
),

done as (
    {% for metric in experiment_metrics() %}
        select
            {{ literal(metric.name) }} as metric,
            user_id,
            time,
            {{ 'coalesce(' ~ read_as_number(event_value(metric.value)) ~ ', 0)' if metric.value else '1' }}::double as value
        from {{ ref('events') }}
        where
            event in {{ literals(metric.events) }}
            and {{ when_incremental(is_affected_user()) }}
        union all
    {% endfor %}
    select
        null::varchar as metric,
        null::varchar as user_id,
        null::timestamp as time,
        null::double as value
    where false
)

select
    exposures.experiment,
    exposures.user_id,
    done.metric,
    sum(done.value) as value
from exposures
inner join done
    on
        exposures.user_id = done.user_id
        and exposures.exposed_at <= done.time
group by
    exposures.experiment,
    exposures.user_id,
    done.metric
