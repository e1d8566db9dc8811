with definitions as (
    {% for cohort in cohorts() %}
        {# Of all days so far as many are looked at as make a user new. #}
        {% set days = [1] %}
        {% for condition in cohort.of_events %}
            {% do days.append(condition.days or days_before_new() + 1) %}
        {% endfor %}
        select
            {{ literal(cohort.name) }} as cohort,
            {{ days | max }} as days
        union all
    {% endfor %}
    select
        null::varchar as cohort,
        null::integer as days
    where false
),

moves as (
    select
        cohort,
        from_date as event_date,
        1 as joined,
        0 as gone
    from {{ ref('cohort_members') }}
    union all
    select
        cohort,
        until_date as event_date,
        0 as joined,
        1 as gone
    from {{ ref('cohort_members') }}
    where until_date is not null
),

moves_of_days as (
    select
        cohort,
        event_date,
        sum(joined) as joined,
        sum(gone) as gone
    from moves
    group by
        cohort,
        event_date
),

every_day as (
    select
        definitions.cohort,
        days.event_date,
        days.is_known,
        coalesce(moves_of_days.joined, 0) as joined,
        coalesce(moves_of_days.gone, 0) as gone,
        sum(coalesce(moves_of_days.joined, 0) - coalesce(moves_of_days.gone, 0)) over (
            partition by definitions.cohort
            order by days.event_date asc
        ) as members,
        {{ reaches_unknown('(days.event_date - (definitions.days - 1))', 'days.') }} as is_partial
    from definitions
    cross join {{ ref('int_days') }} as days
    left join moves_of_days
        on
            definitions.cohort = moves_of_days.cohort
            and days.event_date = moves_of_days.event_date
)

select
    cohort,
    event_date,
    case when is_known then members end::bigint as members,
    case when is_known then joined end::bigint as joined_members,
    case when is_known then gone end::bigint as left_members,
    is_partial
from every_day
