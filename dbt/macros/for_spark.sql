-- noqa: disable=all
{# What is another statement on Spark, or none. All other SQL of this project is DuckDB's, which
   the adapter `mixpanelspark` translates. A build on Spark builds every table from scratch. #}

{% macro mixpanelspark__begin_run() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% do require_all_rows(required_models() | select('in', selected_resources) | list) %}
        {% set working = state_table('changed_ids').without_identifier() %}
        {% do run_query('create schema if not exists ' ~ working) %}
        {% do run_query(
            'create table if not exists ' ~ state_table('changed_ids')
            ~ ' (sender_id string, former_user_id string, is_changed boolean) using ' ~ var('table_format', 'iceberg')
        ) %}
    {% endif %}
{% endmacro %}

{% macro mixpanelspark__end_run(results) %}{% endmacro %}
{% macro mixpanelspark__create_prop() %}{% endmacro %}
{% macro mixpanelspark__reserve_memory_for_python() %}{% endmacro %}
{% macro mixpanelspark__require_standard_session() %}{% endmacro %}
{% macro mixpanelspark__keep_right_sides_in_memory(keep) %}{% endmacro %}
{% macro mixpanelspark__mark_gaps_before() %}{% endmacro %}
{% macro mixpanelspark__mark_partial_lookbacks() %}{% endmacro %}

{# Every load that was committed when the build began is in every table. #}
{% macro mixpanelspark__is_built(column='load_id') %}true{% endmacro %}

{% macro mixpanelspark__fetches() %}{{ source('mixpanel', '_metadata') }}{% endmacro %}

{# The digest shows which days changed between two builds, and here none starts from another. #}
{% macro mixpanelspark__digest_of_rows(columns) %}null::bigint{% endmacro %}

{% macro mixpanelspark__of_the_session_batch() %}true{% endmacro %}

{# The table in which `join_ids` leaves the clusters. #}
{% macro clusters_table() %}{{ return(state_table('id_clusters')) }}{% endmacro %}

{% macro mixpanelspark__id_clusters() -%}
clusters as (
    select
        id,
        cluster
    from {{ clusters_table() }}
)
{%- endmacro %}

{% macro mixpanelspark__join_ids(links) %}
    {% if execute %}
        {% do adapter.join_ids(links, clusters_table(), var('table_format', 'iceberg')) %}
    {% endif %}
{% endmacro %}

{# Spark 3.5 has no recursion: the entries of an owner are walked through in their order. `due` is
   the position of the entry that counts next, with `due_afresh`, and null after one that counted,
   until an entry follows its end. A number in `counted` is twice the position of an entry, and one
   more if it is tried afresh. #}
{% macro mixpanelspark__funnel_default_reentry(plan, suffix, keys) %}
{% set number = plan.number %}
{% set follows -%}
    walk.due is null and not entry.is_afresh and coalesce(
        walk.end_position < entry.entry_position,
        walk.ends_at {{ '<' if switch('funnel_window_inclusive') else '<=' }} entry.entered_at
    )
{%- endset %}
{% set code = 'entry.entry_position::bigint * 2 + entry.is_afresh::bigint' %}
possible_{{ number }}{{ suffix }} as (
    select entry.*
    from (
        select unnest(list_filter(entries, entry -> list_position(counted, {{ code }}) is not null)) as entry
        from (
            select
                entries,
                struct_extract(aggregate(
                    entries,
                    named_struct(
                        'due', entries[1].entry_position::bigint,
                        'due_afresh', false,
                        'end_position', null::bigint,
                        'ends_at', null::timestamp,
                        'last_position', null::bigint,
                        'counted', []::bigint[]
                    ),
                    (walk, entry) -> case
                        when
                            (entry.entry_position = walk.due and entry.is_afresh = walk.due_afresh)
                            or ({{ follows }} and not entry.used_from <= walk.last_position)
                            then named_struct(
                                'due', null::bigint,
                                'due_afresh', false,
                                'end_position', entry.end_position::bigint,
                                'ends_at', entry.ends_at,
                                'last_position', entry.last_position::bigint,
                                'counted', list_append(walk.counted, {{ code }})
                            )
                        when {{ follows }}
                            then named_struct(
                                'due', entry.entry_position::bigint,
                                'due_afresh', true,
                                'end_position', walk.end_position,
                                'ends_at', walk.ends_at,
                                'last_position', walk.last_position,
                                'counted', walk.counted
                            )
                        else walk
                    end
                ), 'counted') as counted
            from (
                select
                    list_transform(
                        list_sort(list(named_struct(
                            'position', candidates.entry_position,
                            'is_afresh', candidates.is_afresh,
                            'entry', struct(candidates.*)
                        ))),
                        item -> item.entry
                    ) as entries
                from candidates_{{ number }} as candidates
                group by {{ keys | join(', ') }}
            ) as owners
        ) as walked
    ) as single
),
{% endmacro %}

{# The hooks below write a column of `events` that is known after it: all rows are written once more,
   from a snapshot of the same table. #}
{% macro events_with(values, joins) %}
    {% set events = ref('events') %}
    {% set columns = [] %}
    {% for column in adapter.get_columns_in_relation(events) %}
        {% do columns.append(values.get(column.name | lower, 'events.`' ~ column.name ~ '`') ~ ' as `' ~ column.name ~ '`') %}
    {% endfor %}
    insert overwrite table {{ events }}
    select {{ columns | join(', ') }}
    from {{ events }} as events
    {{ joins }}
{% endmacro %}

{% macro mixpanelspark__reassign_events() %}
    {# before the condition, so that dbt finds them when it parses #}
    {% do ref('events') %}
    {% do ref('identities') %}
    {% if execute %}
        {{ mixpanel_data.events_with(
            {'user_id': 'case when events.user_id is not null then coalesce(owners.user_id, events.user_id) end'},
            'left join ' ~ ref('identities') ~ ' as owners on events.sender_id = owners.distinct_id'
        ) }}
    {% endif %}
{% endmacro %}

{% macro mixpanelspark__assign_sessions() %}
    {% do ref('events') %}
    {% do ref('int_event_sessions') %}
    {% if execute %}
        {{ mixpanel_data.events_with(
            {'session_id': 'assigned.session_id'},
            'left join ' ~ ref('int_event_sessions') ~ ' as assigned on events.event_key = assigned.event_key'
        ) }}
    {% endif %}
{% endmacro %}
