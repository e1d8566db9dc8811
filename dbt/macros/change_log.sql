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
    {% set former = 'select ' ~ columns ~ ' from ' ~ this ~ ' where ' ~ is_affected_user() %}
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

{# No models, since they have to exist whichever models run. #}
{% macro create_change_logs() %}
    create table if not exists {{ state_table('changed_ids') }} (
        sender_id varchar, former_user_id varchar, is_changed boolean
    );
    create table if not exists {{ state_table('changed_funnel_days') }} (funnel varchar, entry_date date);
{% endmacro %}

{# All of them, those that are models included, once a complete build has rebuilt what they name. #}
{% macro empty_change_logs() %}
    delete from {{ state_table('changed_ids') }};
    delete from {{ state_table('changed_funnel_days') }};
    {% for id in ['model.mixpanel_data.int_affected_users', 'model.mixpanel_data.int_reassigned_user_days'] %}
        {% if load_relation(relation_of(id)) is not none %}
            delete from {{ relation_of(id) }};
        {% endif %}
    {% endfor %}
{% endmacro %}
