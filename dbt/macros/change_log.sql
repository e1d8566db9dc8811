-- noqa: disable=layout.indent
{# A refetched day is mostly unchanged. `int_id_activity_by_day` has a digest of each sender's day,
   and logs those that differ before it replaces them: in one transaction, so that a build that
   fails later has lost none. The other senders of the day are logged, too, with their former user,
   since identities may differ by now. #}
{% macro log_changed_ids() %}
    insert into {{ state_table('changed_ids') }} by name
    select
        sender_id,
        former.user_id as former_user_id,
        former.digest is distinct from new_rows.digest as is_changed
    from (select * from {{ this }} where {{ is_refetched_date() }}) as former
    full join new_rows using (event_date, sender_id);
{% endmacro %}

{# A number that differs for groups of other rows; their order does not matter. #}
{% macro digest_of_rows(columns) %}
    {{ return(adapter.dispatch('digest_of_rows', 'mixpanel_data')(columns)) }}
{% endmacro %}

{% macro duckdb__digest_of_rows(columns) -%}
    -- summed up, since several may be equal
    (sum(hash({{ columns | join(', ') }})) % {{ 2 ** 62 }})::bigint
{%- endmacro %}

{# Few attempts of an affected user differ from those before, and `funnels` recounts only their
   days. #}
{% macro log_changed_funnel_days() %}
    {% set columns = 'funnel, segment, user_id, entry_date, entered_at, steps_reached, step_times, '
        ~ 'step_values, open_until' %}
    {% set former = 'select ' ~ columns ~ ' from ' ~ this ~ ' where '
        ~ is_affected_user_of(cohorts_of_funnels()) %}
    {% set now = 'select ' ~ columns ~ ' from new_rows' %}
    insert into {{ state_table('changed_funnel_days') }} by name
    select distinct
        funnel,
        entry_date
    from (
        ({{ former }} except all {{ now }})
        union all
        ({{ now }} except all {{ former }})
    ) as others;
{% endmacro %}

{# Users of whom a condition of a cohort reads another profile than before, or who had none, or have
   none now. #}
{% macro log_changed_cohort_profiles() %}
    {% if cohorts() | selectattr('reads_profiles') | list %}
        {% set former = 'select user_id, conditions, first_known_date from ' ~ this %}
        {% set now = 'select user_id, conditions, first_known_date from new_rows' %}
        insert into {{ state_table('changed_cohort_profiles') }} by name
        select distinct user_id
        from (
            ({{ former }} except all {{ now }})
            union all
            ({{ now }} except all {{ former }})
        ) as others;
    {% endif %}
{% endmacro %}

{# Days on which users did an event and were members of a cohort before, and are none now, or the
   other way round: `insights` recounts these days by the cohort. #}
{% macro log_changed_cohort_days() %}
    {% set used = cohorts_of_metrics() %}
    {% if used %}
        {% set members = 'cohort in ' ~ literals(used | map(attribute='name')) %}
        insert into {{ state_table('changed_cohort_days') }} by name
        select distinct days.event_date
        from (
            select
                user_id,
                change_date,
                lead(change_date) over of_member as until_date,
                sum(change) over of_member as difference
            from (
                select
                    cohort,
                    user_id,
                    change_date,
                    sum(change) as change
                from (
                    {% for rows, sign in [(this ~ ' where ' ~ is_affected_member() ~ ' and ', '-'), ('new_rows where ', '')] %}
                        select cohort, user_id, from_date as change_date, {{ sign }}1 as change
                        from {{ rows }} {{ members }}
                        union all
                        select cohort, user_id, until_date as change_date, {{ '' if sign else '-' }}1 as change
                        from {{ rows }} {{ members }} and until_date is not null
                        {{ 'union all' if not loop.last }}
                    {% endfor %}
                ) as changes
                group by all
                having sum(change) <> 0
            ) as changes_of_days
            window of_member as (partition by cohort, user_id order by change_date asc)
        ) as differing
        inner join {{ ref('user_days') }} as days
            on
                differing.user_id = days.user_id
                and days.event_date >= differing.change_date
                and (days.event_date < differing.until_date or differing.until_date is null)
        where differing.difference <> 0;
    {% endif %}
{% endmacro %}

{# No models, since they have to exist whichever models run. #}
{% macro create_change_logs() %}
    create table if not exists {{ state_table('changed_ids') }} (
        sender_id varchar, former_user_id varchar, is_changed boolean
    );
    create table if not exists {{ state_table('changed_funnel_days') }} (funnel varchar, entry_date date);
    create table if not exists {{ state_table('changed_cohort_profiles') }} (user_id varchar);
    create table if not exists {{ state_table('changed_cohort_days') }} (event_date date);
{% endmacro %}

{# All of them, those that are models included, once a complete build has rebuilt what they name. #}
{% macro empty_change_logs() %}
    delete from {{ state_table('changed_ids') }};
    delete from {{ state_table('changed_funnel_days') }};
    delete from {{ state_table('changed_cohort_profiles') }};
    delete from {{ state_table('changed_cohort_days') }};
    {% for id in ['model.mixpanel_data.int_affected_users', 'model.mixpanel_data.int_reassigned_user_days'] %}
        {% if load_relation(relation_of(id)) is not none %}
            delete from {{ relation_of(id) }};
        {% endif %}
    {% endfor %}
{% endmacro %}
