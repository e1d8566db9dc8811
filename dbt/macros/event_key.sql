-- noqa: disable=layout.indent
{# One value for each event, the same in whatever order and how often it was loaded: a hash of what Mixpanel tells
   events apart by, each part with its length, so that no two of them run together. Those sent without an insert_id
   are told apart by everything they hold, and copies by number. #}
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

{# The id an event itself carries. Null for what belongs to nobody: imports, ad spend, hot shards. #}
{% macro sender_id() -%}
    {% set rule = choice('identity_rule', ['simplified', 'original', 'legacy', 'none']) -%}
    case when distinct_id <> '' then
        {% if rule == 'simplified' -%}
            coalesce(
                nullif(sent_user_id, ''), '$device:' || nullif(device_id, ''), nullif(ingested_distinct_id, ''), distinct_id
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
