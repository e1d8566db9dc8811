-- noqa: disable=all
{# What is another statement on Spark, or none. All other SQL of this project is DuckDB's, which
   the adapter `mixpanelspark` translates.

   A build on Spark starts from the published tables of the last one, or from scratch. In the first
   case it replaces the days of loads that were added since (`replaced_days`) in tables with
   `meta.partitioned_by`, and builds all others from scratch. #}

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

{# None in a build from scratch, and with another adapter than Spark's, by which tests compile these
   macros. #}
{% macro replaced_days() %}
    {{ return(adapter.replaced_days() if adapter.replaced_days is defined else none) }}
{% endmacro %}

{# True for a model whose table keeps the other days. `events` selects the same rows in both cases,
   since its staging table has only the days of the build. #}
{% macro mixpanelspark__is_incremental() %}
    {% if not execute or model.resource_type == 'unit_test' or mixpanel_data.replaced_days() is none %}
        {{ return(false) }}
    {% endif %}
    {{ return(model.config.materialized == 'replaced_rows' and 'partitioned_by' in model.config.meta) }}
{% endmacro %}

{# The days as literals, by which Spark leaves out the partitions of all others. #}
{% macro mixpanelspark__is_refetched_date(column='event_date') %}
    {% set days = mixpanel_data.replaced_days() %}
    {% if days is none %}
        {{ return(mixpanel_data.duckdb__is_refetched_date(column)) }}
    {% endif %}
    {{ return(mixpanel_data.is_one_of_days(column, days)) }}
{% endmacro %}

{% macro mixpanelspark__of_replaced_days(column) %}
    {% set days = mixpanel_data.replaced_days() %}
    {{ return('true' if days is none else mixpanel_data.is_one_of_days(column, days)) }}
{% endmacro %}

{% macro is_one_of_days(column, days) %}
    {% set literals = [] %}
    {% for day in days %}
        {% do literals.append("date '" ~ day ~ "'") %}
    {% endfor %}
    {{ return(column ~ ' in (' ~ literals | join(', ') ~ ')' if literals else 'false') }}
{% endmacro %}

{% macro mixpanelspark__fetches() %}{{ source('mixpanel', '_metadata') }}{% endmacro %}

{# The digest shows which days changed between two builds, and here none starts from another. #}
{% macro mixpanelspark__digest_of_rows(columns) %}null::bigint{% endmacro %}

{# Spark has no function for the type of a property: a text that begins with a bracket is read as a
   list, and stays a text if it is none. #}
{% macro mixpanelspark__property_values(name) -%}
    {% set text = 'json_extract_string(properties, ' ~ json_pointer(name) ~ ')' -%}
    case
        when starts_with({{ text }}, '[')
            then coalesce(from_json({{ text }}, 'array<string>'), [{{ text }}])
        else [{{ text }}]
    end
{%- endmacro %}

{# A text that only begins like a list has no items, and is one itself: see items_of_value. #}
{% macro mixpanelspark__is_json_list(text) %}(starts_with({{ text }}, '[') and json_extract_string({{ text }}, '$[*]') is not null){% endmacro %}

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

{# The hooks below write a column of `events` that is known after it. From scratch, all rows are
   written once more, from a snapshot of the same table; else those of days on which a value changes,
   which may be other days than those that were loaded. #}
{% macro events_with(column, value, joins) %}
    {% set events = ref('events') %}
    {% set columns = [] %}
    {% for each in adapter.get_columns_in_relation(events) %}
        {% set name = each.name | lower %}
        {% do columns.append((value if name == column else 'events.`' ~ each.name ~ '`') ~ ' as `' ~ each.name ~ '`') %}
    {% endfor %}
    {% set rows = 'from ' ~ events ~ ' as events left join ' ~ joins %}
    {% set selected = 'select ' ~ columns | join(', ') ~ ' ' ~ rows %}
    {% if mixpanel_data.replaced_days() is none %}
        {{ return('insert overwrite table ' ~ events ~ ' ' ~ selected) }}
    {% endif %}
    {% set changed = run_query(
        'select distinct cast(events.event_date as string) as day ' ~ rows
        ~ ' where events.' ~ column ~ ' is distinct from ' ~ value
    ).columns[0].values() %}
    {% if not changed %}
        {{ return('') }}
    {% endif %}
    {{ return(
        'insert into ' ~ events ~ ' replace where ' ~ mixpanel_data.is_one_of_days('event_date', changed) ~ ' ' ~ selected
        ~ ' where ' ~ mixpanel_data.is_one_of_days('events.event_date', changed)
    ) }}
{% endmacro %}

{% macro mixpanelspark__reassign_events() %}
    {# before the condition, so that dbt finds them when it parses #}
    {% do ref('events') %}
    {% do ref('identities') %}
    {% if execute %}
        {{ mixpanel_data.events_with(
            'user_id',
            'case when events.sender_id is not null then coalesce(owners.user_id, events.sender_id) end',
            ref('identities') ~ ' as owners on events.sender_id = owners.distinct_id'
        ) }}
    {% endif %}
{% endmacro %}

{% macro mixpanelspark__assign_sessions() %}
    {% do ref('events') %}
    {% do ref('int_event_sessions') %}
    {% if execute %}
        {{ mixpanel_data.events_with(
            'session_id',
            'assigned.session_id',
            ref('int_event_sessions') ~ ' as assigned on events.event_key = assigned.event_key'
        ) }}
    {% endif %}
{% endmacro %}
