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

{% macro ensure_changed_senders() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set noted = source('noted', 'int_changed_senders') %}
        create schema if not exists {{ noted.schema }};
        create table if not exists {{ noted }} (sender_id varchar, former_user_id varchar, is_changed boolean);
    {% endif %}
{% endmacro %}
