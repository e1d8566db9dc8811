-- noqa: disable=layout.indent
{{ config(
    materialized='replaced_rows',
    meta={
        'replaces': 'true',
        'before_replacing': "{{ log_changed_cohort_profiles() }}",
    },
    schema='working',
) }}
{% if cohorts() | selectattr('reads_profiles') | list %}
with judged as (
    select
        user_id,
        [
            {% for condition in cohorts() | map(attribute='conditions') | sum(start=[]) | selectattr('profile') %}
                coalesce(({{ condition.profile }}), false){{ ',' if not loop.last }}
            {% endfor %}
        ]::boolean[] as conditions,
        -- a user who merged several profiles has the one with their own id, as in `users`
        row_number() over (
            partition by user_id
            order by case when distinct_id = user_id then 0 else 1 end asc, distinct_id asc
        ) as profile_number
    from {{ ref('profiles') }}
),

known as (
    select min(event_date) as first_known_date
    from {{ ref('days') }}
)

select
    judged.user_id,
    judged.conditions,
    known.first_known_date
from judged
cross join known
where judged.profile_number = 1
{% else %}
select
    null::varchar as user_id,
    null::boolean[] as conditions,
    null::date as first_known_date
where false
{% endif %}
