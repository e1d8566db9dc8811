-- noqa: disable=layout.indent
with exposed as (
    select
        experiment,
        variant,
        count(*) as users,
        count(*) filter (where variant_count > 1) as mixed_users,
        min(exposed_date) as first_date,
        max(exposed_date) as last_date
    from {{ ref('experiment_exposures') }}
    group by
        experiment,
        variant
),

configured as (
    {% for entry in experiments() %}
        {% for variant, share in entry.shares.items() %}
            select
                {{ literal(entry.name) }} as experiment,
                {{ literal(variant) }} as variant,
                {{ share }}::double as share
            union all
        {% endfor %}
    {% endfor %}
    select
        null::varchar as experiment,
        null::varchar as variant,
        null::double as share
    where false
),

started as (
    select distinct experiment
    from exposed
),

-- a variant with a share and without a user counts, too
joined as (
    select
        experiment,
        variant,
        users,
        mixed_users,
        first_date,
        last_date,
        null::double as share
    from exposed
    union all
    select
        configured.experiment,
        configured.variant,
        0 as users,
        0 as mixed_users,
        null as first_date,
        null as last_date,
        configured.share
    from configured
    inner join started on configured.experiment = started.experiment
),

variants as (
    select
        experiment,
        variant,
        sum(users)::bigint as users,
        sum(mixed_users)::bigint as mixed_users,
        min(first_date) as first_date,
        max(last_date) as last_date,
        max(share) as share
    from joined
    group by
        experiment,
        variant
),

shared as (
    select
        *,
        case when max(share) over (partition by experiment) is null then 1 else share end as weight
    from variants
),

expected as (
    select
        *,
        sum(case when weight is not null then users end) over of_experiment * weight
        / sum(weight) over of_experiment as expected_users,
        count(weight) over of_experiment - 1 as degrees
    from shared
    window of_experiment as (partition by experiment)
),

tested as (
    select
        *,
        sum(pow(users - expected_users, 2) / nullif(expected_users, 0)) over (partition by experiment) as chi_squared
    from expected
),

decided as (
    select
        *,
        {{ chi_squared_p('chi_squared', 'degrees') }} as sample_ratio_p_value
    from tested
),

controls as (
    select
        experiment,
        coalesce(
            case experiment
                {% for entry in experiments() if entry.control %}
                    when {{ literal(entry.name) }} then {{ literal(entry.control) }}
                {% endfor %}
                when '' then ''
            end,
            min(case when lower(variant) = 'control' then variant end),
            min(variant)
        ) as control
    from exposed
    group by experiment
),

ends as (
    select
        event_date,
        known_since,
        row_number() over (order by event_date desc) as number
    from {{ ref('days') }}
)

select
    decided.experiment,
    decided.variant,
    decided.variant = controls.control as is_control,
    decided.users,
    decided.expected_users::double as expected_users,
    decided.mixed_users,
    decided.first_date,
    decided.last_date,
    decided.chi_squared::double as chi_squared,
    decided.sample_ratio_p_value::double as sample_ratio_p_value,
    coalesce(decided.sample_ratio_p_value < 0.001, false) as is_sample_ratio_mismatch,
    coalesce(ends.known_since > min(decided.first_date) over (partition by decided.experiment), true) as is_partial
from decided
inner join controls on decided.experiment = controls.experiment
left join ends on ends.number = 1
