with variants as (
    select
        experiment,
        variant,
        is_control,
        users,
        is_sample_ratio_mismatch,
        is_partial
    from {{ ref('experiment_variants') }}
    where users > 0
),

metrics as (
    {% for metric in experiment_metrics() %}
        select {{ literal(metric.name) }} as metric
        union all
    {% endfor %}
    select null::varchar as metric
    where false
),

summed as (
    select
        exposures.experiment,
        exposures.variant,
        done.metric,
        count(*) as converted_users,
        sum(done.value) as total,
        sum(done.value * done.value) as total_of_squares
    from {{ ref('int_experiment_users') }} as done
    inner join {{ ref('experiment_exposures') }} as exposures
        on
            done.experiment = exposures.experiment
            and done.user_id = exposures.user_id
    group by
        exposures.experiment,
        exposures.variant,
        done.metric
),

counted as (
    select
        variants.*,
        metrics.metric,
        coalesce(summed.converted_users, 0)::double as converted_users,
        coalesce(summed.total, 0) as total,
        coalesce(summed.total_of_squares, 0) as total_of_squares
    from variants
    cross join metrics
    left join summed
        on
            variants.experiment = summed.experiment
            and variants.variant = summed.variant
            and metrics.metric = summed.metric
),

-- a user either converts or does not: the squares of 0 and 1 are themselves
measured as (
    select
        experiment,
        variant,
        is_control,
        users,
        is_sample_ratio_mismatch,
        is_partial,
        metric,
        'conversion' as measure,
        converted_users as total,
        converted_users as total_of_squares
    from counted
    union all
    select
        experiment,
        variant,
        is_control,
        users,
        is_sample_ratio_mismatch,
        is_partial,
        metric,
        'mean' as measure,
        total,
        total_of_squares
    from counted
),

described as (
    select
        *,
        total / users as mean,
        greatest(total_of_squares - total * total / users, 0) / nullif(users - 1, 0) as variance
    from measured
),

compared as (
    select
        described.*,
        controls.mean as control_mean,
        case when not described.is_control then described.mean - controls.mean end as difference,
        case when not described.is_control then described.variance / described.users end as own_error,
        case when not described.is_control then controls.variance / controls.users end as control_error,
        controls.users as control_users
    from described
    left join described as controls
        on
            described.experiment = controls.experiment
            and described.metric = controls.metric
            and described.measure = controls.measure
            and controls.is_control
),

-- Welch: each variant has a variance of its own
tested as (
    select
        *,
        nullif(pow(own_error + control_error, 0.5), 0) as difference_error,
        pow(own_error + control_error, 2) / nullif(
            pow(own_error, 2) / nullif(users - 1, 0) + pow(control_error, 2) / nullif(control_users - 1, 0),
            0
        ) as degrees
    from compared
),

bounded as (
    select
        *,
        {{ t_of_95_percent('degrees') }} as t,
        difference / difference_error as t_of_difference,
        -- the error of a quotient, by the delta method
        pow(own_error + pow(mean / nullif(control_mean, 0), 2) * control_error, 0.5)
        / nullif(abs(control_mean), 0) as lift_error
    from tested
),

placed as (
    select
        *,
        {{ normal_of_t('t_of_difference', 'degrees') }} as z
    from bounded
)

select
    experiment,
    metric,
    measure,
    variant,
    is_control,
    users,
    total,
    mean,
    pow(variance, 0.5) as standard_deviation,
    control_mean,
    difference,
    difference - t * difference_error as difference_low,
    difference + t * difference_error as difference_high,
    difference / nullif(control_mean, 0) as lift,
    difference / nullif(control_mean, 0) - t * lift_error as lift_low,
    difference / nullif(control_mean, 0) + t * lift_error as lift_high,
    case when z is not null then {{ two_sided_p('z') }} end as p_value,
    is_sample_ratio_mismatch,
    is_partial
from placed
