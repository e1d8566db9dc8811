-- noqa: disable=layout.indent
{# One value for each event, the same in any order and number of loads: a hash of
   what Mixpanel distinguishes events by, each part with its length, so that no two of them run
   together. Those sent without an insert_id differ if anything in them differs, and copies
   by number. #}
{% macro event_key() -%}
    md5(
        concat_ws(
            ':',
            length(event), event, epoch_us(time),
            coalesce(length(ingested_distinct_id)::varchar, 'none'), ingested_distinct_id,
            case when insert_id <> '' then insert_id else concat_ws(':', 'none', copy_number, md5(properties::varchar)) end
        )
    )::uuid
{%- endmacro %}

{# An id, or null for an empty one and for one of `junk_ids`. #}
{% macro real_id(column) -%}
    case when not {{ is_junk_id(column) }} then {{ column }} end
{%- endmacro %}

{# True for ids that do not identify a user, in any case and with spaces around them. #}
{% macro is_junk_id(column) -%}
    {% do names('junk_ids') -%}
    lower(trim({{ column }})) in {{ literals([''] + var('junk_ids') | map('trim') | map('lower') | list) }}
{%- endmacro %}

{# The id an event itself carries. Null for events that belong to no user: imports, ad spend, hot
   shards. #}
{% macro sender_id() -%}
    {% set rule = choice('identity_rule', ['simplified', 'original', 'legacy', 'none']) -%}
    case when distinct_id <> '' then
        {% if rule == 'simplified' -%}
            coalesce(
                {{ real_id('sent_user_id') }}, '$device:' || {{ real_id('device_id') }}, nullif(ingested_distinct_id, ''),
                distinct_id
            )
        {%- elif rule == 'original' -%}
            coalesce(nullif(ingested_distinct_id, ''), distinct_id)
        {%- else -%}
            distinct_id
        {%- endif %}
    end
{%- endmacro %}

{# True for the events by which ids are merged where the rule is `original`. #}
{% macro is_merging_event() -%}
    event in ('$identify', '$create_alias', '$merge')
{%- endmacro %}

{# True for an event that carries a device and no user, while the export names one: Mixpanel
   writes the id there that it resolved the device to. Older libraries sent the bare device as
   distinct_id, which names no user. #}
{% macro is_named_for_a_device() -%}
    sender_id = '$device:' || device_id and not starts_with(distinct_id, '$device:') and distinct_id <> device_id
{%- endmacro %}
