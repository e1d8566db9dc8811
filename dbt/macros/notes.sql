-- noqa: disable=layout.indent
{# A day that is fetched again mostly brings what was there. `int_sender_days` has a digest of each sender's day, and
   notes whose differ before it forgets the old ones: in one transaction, so that a build which fails later has lost
   none. The rest of the day's senders is noted, too, for who they were: identities may tell otherwise by now. #}
{% macro note_changed_senders() %}
    insert into {{ source('noted', 'int_changed_senders') }} by name
    select
        sender_id,
        former.user_id as former_user_id,
        former.digest is distinct from new_rows.digest as is_changed
    from (select * from {{ this }} where {{ is_changed_date() }}) as former
    full join new_rows using (event_date, sender_id);
{% endmacro %}

{# Few attempts of a touched user are others than before, and `funnels` counts only days anew on which some are. #}
{% macro note_changed_entries() %}
    {% set columns = 'funnel, segment, user_id, entry_date, entered_at, steps_reached, step_times, open_until' %}
    {% set former = 'select ' ~ columns ~ ' from ' ~ this ~ ' where ' ~ is_touched_user() %}
    {% set now = 'select ' ~ columns ~ ' from new_rows' %}
    insert into {{ source('noted', 'int_changed_entries') }} by name
    select distinct
        funnel,
        entry_date
    from (
        ({{ former }} except all {{ now }})
        union all
        ({{ now }} except all {{ former }})
    ) as others;
{% endmacro %}

{# What is noted into. Not made by models, since it has to be there whichever of them run. #}
{% macro ensure_notes() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set senders = source('noted', 'int_changed_senders') %}
        create schema if not exists {{ senders.schema }};
        create table if not exists {{ senders }} (sender_id varchar, former_user_id varchar, is_changed boolean);
        create table if not exists {{ source('noted', 'int_changed_entries') }} (funnel varchar, entry_date date);
    {% endif %}
{% endmacro %}
