-- noqa: disable=layout.indent
{# A day that is fetched again mostly holds what was there. `int_sender_days` has a digest of each sender's day, and
   logs whose differ before it replaces the former ones: in one transaction, so that a build which fails later has lost
   none. The rest of the day's senders is logged, too, for who they were: identities may differ by now. #}
{% macro log_changed_senders() %}
    insert into {{ source('change_log', 'changed_senders') }} by name
    select
        sender_id,
        former.user_id as former_user_id,
        former.digest is distinct from new_rows.digest as is_changed
    from (select * from {{ this }} where {{ is_changed_date() }}) as former
    full join new_rows using (event_date, sender_id);
{% endmacro %}

{# Few attempts of an affected user are others than before, and `funnels` counts only days anew on which some are. #}
{% macro log_changed_entries() %}
    {% set columns = 'funnel, segment, user_id, entry_date, entered_at, steps_reached, step_times, open_until' %}
    {% set former = 'select ' ~ columns ~ ' from ' ~ this ~ ' where ' ~ is_touched_user() %}
    {% set now = 'select ' ~ columns ~ ' from new_rows' %}
    insert into {{ source('change_log', 'changed_funnel_entries') }} by name
    select distinct
        funnel,
        entry_date
    from (
        ({{ former }} except all {{ now }})
        union all
        ({{ now }} except all {{ former }})
    ) as others;
{% endmacro %}

{# Not made by models, since they have to be there whichever of them run. #}
{% macro create_change_logs() %}
    create table if not exists {{ source('change_log', 'changed_senders') }} (
        sender_id varchar, former_user_id varchar, is_changed boolean
    );
    create table if not exists {{ source('change_log', 'changed_funnel_entries') }} (funnel varchar, entry_date date);
{% endmacro %}

{# All of them, those that are models included, once a complete build has made anew what they name. #}
{% macro empty_change_logs() %}
    delete from {{ source('change_log', 'changed_senders') }};
    delete from {{ source('change_log', 'changed_funnel_entries') }};
    {% for id in ['model.mixpanel_data.int_touched_users', 'model.mixpanel_data.int_moved_user_days'] %}
        {% if load_relation(relation_of(id)) is not none %}
            delete from {{ relation_of(id) }};
        {% endif %}
    {% endfor %}
{% endmacro %}
