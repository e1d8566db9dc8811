-- noqa: disable=layout.indent
{# What a file keeps between builds, in `build_state`: the loads, models and settings of the last
   complete build. A build is complete when every model of this project, and every model that
   reads one of them, was selected and succeeded in one `dbt build` or `dbt run`, and nothing
   else failed in it. Only that counts loads as built and empties the change logs, so the next one rebuilds
   what a selection or a failure left out. Each model replaces the rows
   of days, users or profiles that the loads not yet built and the change logs name; both only
   grow until a build is complete, so rows that a partial run made from older ones are among
   those that are replaced. #}

{# Before the first model: decide what this run may do, and what it has to build from scratch. #}
{% macro begin_run() %}
    {{ return(adapter.dispatch('begin_run', 'mixpanel_data')()) }}
{% endmacro %}

{% macro duckdb__begin_run() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set required = required_models() %}
        {% set selected = required | select('in', selected_resources) | list %}
        {% do require_all_rows(selected) %}
    {% endif %}
    {% if execute and flags.WHICH in ('build', 'run') and not (flags.EMPTY or flags.SAMPLE) %}
        {% do create_build_state() %}
        {% set recorded = recorded_state() %}
        {% set is_whole = selected | length == required | length %}
        {% set is_sampled = flags.EVENT_TIME_START or flags.EVENT_TIME_END %}
        {% set settings_of_tables = recorded.settings if recorded.models else recorded.first_settings %}
        {% set changed = changed_settings(settings_of_tables) if settings_of_tables else [] %}
        {% do require_whole_run(recorded, changed, selected, is_whole) %}
        {% do require_completed_events(selected, is_whole) %}
        {% set unknown = models_to_forget(recorded, required, selected, is_sampled) %}
        {% if is_whole and recorded.models %}
            {% set reasons = changed or (['--full-refresh was given'] if flags.FULL_REFRESH else reasons_of(unknown)) %}
            {% if reasons %}
                {% do log('Everything is built from scratch: ' ~ reasons | join('; ') ~ '.', info=true) %}
                {% do forget_all() %}
                {% do recorded.models.clear() %}
            {% endif %}
        {% endif %}
        {% if selected and not recorded.models %}
            {% do record_first_settings() %}
        {% endif %}
        {% set from_scratch = with_descendants(unknown) if recorded.models else required %}
        {% do require_full_refresh_flag(from_scratch) %}
        {% do warn_about_early_readers(required) %}
        {# the one thing that hooks and models of a run share #}
        {% do graph.update({'mixpanel_data': {
            'invocation_id': invocation_id, 'from_scratch': from_scratch, 'required': required,
            'can_be_complete': is_whole and not is_sampled,
        }}) %}
    {% endif %}
{% endmacro %}

{# After the last one. `results` are dbt's. #}
{% macro end_run(results) %}
    {{ return(adapter.dispatch('end_run', 'mixpanel_data')(results)) }}
{% endmacro %}

{% macro duckdb__end_run(results) %}
    {% set run = graph.get('mixpanel_data', {}) %}
    {% if execute and flags.WHICH in ('build', 'run') and run.get('invocation_id') == invocation_id %}
        {% set bad = [] %}
        {% set built = [] %}
        {% for result in results %}
            {% if result.status in ('success', 'pass', 'warn', 'no-op') %}
                {% do built.append(result.node.unique_id) %}
            {% else %}
                {% do bad.append(result.node.name) %}
            {% endif %}
        {% endfor %}
        {% if run.can_be_complete and not bad and not run.required | reject('in', built) | list %}
            {{ record_complete_build(run.required) }}
        {% else %}
            {% do log_unbuilt_loads() %}
        {% endif %}
    {% endif %}
{% endmacro %}

{# A table that builds keep between them, in the schema `working`. It is no model, since it has to
   exist before the first one, and no source, since this project writes it:
   - `build_state` (kind, name, value): the loads, models (with their checksums) and settings of the
     last complete build; before the first one, the settings of the existing tables, as
     `first_setting`
   - `seen_loads` (load_id): loads that were committed when the current run began; a complete build
     drops it
   - `changed_ids` (sender_id, former_user_id, is_changed): written by `int_id_activity_by_day`
   - `changed_funnel_days` (funnel, entry_date): written by `funnel_attempts`
   - `changed_cohort_profiles` (user_id): written by `int_cohort_profiles`
   - `changed_cohort_days` (event_date): written by `cohort_members` #}
{% macro state_table(name) %}
    {{ return(api.Relation.create(database=target.database, schema='working', identifier=name)) }}
{% endmacro %}

{# Record the loads that are committed now: one that is committed while models are built may be read
   by only some of them. #}
{% macro create_build_state() %}
    {% set state = state_table('build_state') %}
    {% do run_query(
        'create schema if not exists ' ~ state.without_identifier()
        ~ '; create table if not exists ' ~ state ~ ' (kind varchar, name varchar, value varchar);'
        ~ create_change_logs()
        ~ ' create or replace table ' ~ state_table('seen_loads') ~ ' as select distinct load_id from '
        ~ source('mixpanel', '_metadata') ~ ' where ' ~ is_committed()
    ) %}
{% endmacro %}

{# `models`: {unique_id: checksum} of the last complete build, empty when there was none.
   `settings`: {name: JSON}. `first_settings`: the same, of a run before the first complete build. #}
{% macro recorded_state() %}
    {% set recorded = {'models': {}, 'settings': {}, 'first_settings': {}} %}
    {% for row in run_query(
        'select kind, name, value from ' ~ state_table('build_state') ~ " where kind <> 'load'"
    ).rows %}
        {% do recorded[row[0] ~ 's'].update({row[1]: row[2]}) %}
    {% endfor %}
    {{ return(recorded) }}
{% endmacro %}

{# Record the settings of this run: until a build is complete, a run of a part has to have them too. #}
{% macro record_first_settings() %}
    {% set rows = [] %}
    {% for name, value in settings().items() %}
        {% do rows.append("('first_setting', " ~ literal(name) ~ ', ' ~ literal(tojson(value)) ~ ')') %}
    {% endfor %}
    {% do run_query(
        'begin; delete from ' ~ state_table('build_state') ~ " where kind = 'first_setting'; "
        ~ 'insert into ' ~ state_table('build_state') ~ ' values ' ~ rows | join(', ') ~ '; commit;'
    ) %}
{% endmacro %}

{% macro forget_all() %}
    {% do run_query(
        'begin; delete from ' ~ state_table('build_state') ~ '; ' ~ empty_change_logs() ~ ' commit;'
    ) %}
{% endmacro %}

{# Tables that hold what others can't be built without: changed loads and users, ids of sessions. #}
{% macro models_with_state() %}
    {{ return([
        'model.mixpanel_data.events', 'model.mixpanel_data.int_id_activity_by_day',
        'model.mixpanel_data.int_reassigned_user_days', 'model.mixpanel_data.int_affected_users',
        'model.mixpanel_data.sessions',
    ]) }}
{% endmacro %}

{# Incremental models that were no part of the last complete build, whose file is another one
   since, or whose table is missing: they have missed loads or have other rows, so they are not
   added to. Forgotten until a complete build, however many runs there are before. #}
{% macro models_to_forget(recorded, required, selected, is_sampled) %}
    {% set unknown = [] %}
    {% set holds_other_rows = flags.FULL_REFRESH and (is_sampled or flags.DEFER) %}
    {% for id in required if recorded.models and keeps_rows(graph.nodes[id]) %}
        {% set table = load_relation(relation_of(id)) %}
        {% set is_known = recorded.models.get(id) == checksum_of(id) and table is not none and table.is_table %}
        {% if not is_known or (holds_other_rows and id in selected) %}
            {% do unknown.append(id) %}
        {% endif %}
    {% endfor %}
    {% if unknown | select('in', recorded.models) | list %}
        {% do run_query(
            'delete from ' ~ state_table('build_state') ~ " where kind = 'model' and name in "
            ~ literals(unknown)
        ) %}
    {% endif %}
    {{ return(unknown) }}
{% endmacro %}

{# A digest of the model's file. Of other projects and of models of your own it is one of the
   values that variables have as well, since these may be in the rows; ours are in `settings`. #}
{% macro checksum_of(unique_id) %}
    {% set node = graph.nodes[unique_id] %}
    {% set checksum = node.checksum.checksum %}
    {% if not keeps_rows(node) or not is_own(node) %}
        {{ return(checksum) }}
    {% endif %}
    {% set values = values_of_variables(node) %}
    {{ return(checksum ~ ('+' ~ local_md5(tojson(values, sort_keys=true)) if values else '')) }}
{% endmacro %}

{# Each variable that the model, or a macro it calls, names in `var` or `env_var`, with its value.
   A name that is put together while dbt runs is not found. #}
{% macro values_of_variables(node) %}
    {% set values = {} %}
    {% for code in [node.raw_code] + code_of_macros(node.depends_on.macros) %}
        {% for kind, name in modules.re.findall("\\b(var|env_var)\\s*\\(\\s*['\"]([^'\"]+)['\"]", code) %}
            {% if kind == 'var' %}
                {% do values.update({'var ' ~ name: var(name, none)}) %}
            {% elif not name.startswith('DBT_ENV_SECRET') %}
                {% do values.update({'env_var ' ~ name: env_var(name, '')}) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(values) }}
{% endmacro %}

{# The code of these macros and of those they call, without dbt's and this project's. #}
{% macro code_of_macros(unique_ids) %}
    {% set found = {} %}
    {% set waiting = unique_ids | list %}
    {% for _ in range(1000) if waiting %}
        {% set id = waiting.pop() %}
        {% set package = id.split('.')[1] %}
        {% set macro = context.get(package, {}).get(id.split('.')[2]) %}
        {% if id not in found and macro and package not in ('dbt', 'dbt_duckdb') %}
            {% do found.update({id: macro.macro.macro_sql}) %}
            {% do waiting.extend(macro.macro.depends_on.macros) %}
        {% endif %}
    {% endfor %}
    {{ return(found.values() | list) }}
{% endmacro %}

{# Why everything has to be built from scratch, when such models are among those with state. #}
{% macro reasons_of(unknown) %}
    {% set reasons = [] %}
    {% for id in unknown if id in models_with_state() %}
        {% do reasons.append(
            graph.nodes[id].name ~ ' was no part of the last complete build, has changed since, or has no table'
        ) %}
    {% endfor %}
    {{ return(reasons) }}
{% endmacro %}

{# Raise on options by which models read some rows only. #}
{% macro require_all_rows(selected) %}
    {% if selected and (flags.EMPTY or flags.SAMPLE) %}
        {% do exceptions.raise_compiler_error(
            'With --empty or --sample, tables would lose rows that others go on from. Nothing was changed. '
            ~ 'To see that models compile, type: `dbt compile`.'
        ) %}
    {% endif %}
{% endmacro %}

{# Raise on a selection that would leave tables which don't fit together. #}
{% macro require_whole_run(recorded, changed, selected, is_whole) %}
    {% if selected and not is_whole and changed %}
        {% do exceptions.raise_compiler_error(
            'The tables are of other settings: ' ~ changed | join('; ') ~ '. Tables of both would not fit together, '
            ~ 'and the run is one of a part. Nothing was changed. To build all tables by the new settings, type: '
            ~ whole_command() ~ '. To keep the former ones, leave the new ones out.'
        ) %}
    {% endif %}
    {% if flags.FULL_REFRESH and not is_whole and recorded.models %}
        {% for id in selected if keeps_rows(graph.nodes[id]) %}
            {% set left_out = [] %}
            {% for other in with_descendants([id]) if keeps_rows(graph.nodes[other]) %}
                {% if other not in selected_resources %}
                    {% do left_out.append(graph.nodes[other].name) %}
                {% endif %}
            {% endfor %}
            {% if id in models_with_state() or left_out %}
                {% do exceptions.raise_compiler_error(
                    graph.nodes[id].name ~ " can't be built from scratch alone: other tables start from its rows"
                    ~ (' (' ~ left_out | join(', ') ~ ')' if left_out else '') ~ '. Nothing was changed. '
                    ~ 'To build all tables from scratch, run it without --select and --exclude: ' ~ whole_command()
                    ~ '.'
                ) %}
            {% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# Raise if `events` is selected without the models between it and `sessions`, which write its
   `user_id` and `session_id`. #}
{% macro require_completed_events(selected, is_whole) %}
    {% if 'model.mixpanel_data.events' in selected and not is_whole %}
        {% set left_out = [] %}
        {% for id in with_descendants(['model.mixpanel_data.events']) if id not in selected %}
            {% if 'model.mixpanel_data.sessions' in with_descendants([id]) %}
                {% do left_out.append(graph.nodes[id].name) %}
            {% endif %}
        {% endfor %}
        {% if left_out %}
            {% do exceptions.raise_compiler_error(
                "events can't be built without the models that write its user_id and session_id ("
                ~ left_out | sort | join(', ') ~ '). Nothing was changed. '
                ~ 'To build them as well, type: `dbt build --select events+`.'
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}

{# The command that builds everything, with the variables of this run. #}
{% macro whole_command() %}
    {% set given = invocation_args_dict.get('vars') %}
    {{ return(
        '`dbt build' ~ (' --full-refresh' if flags.FULL_REFRESH else '')
        ~ (" --vars '" ~ tojson(given) | replace("'", "'\\''") ~ "'" if given else '') ~ '`'
    ) }}
{% endmacro %}

{# Count what the run read as built, in one transaction: if it is killed, nothing is counted. #}
{% macro record_complete_build(required) %}
    {% set state = state_table('build_state') %}
    {% set ledger = relation_of('model.mixpanel_data._metadata') %}
    begin;
    delete from {{ state }} where kind <> 'load';
    insert into {{ state }}
    select 'load', load_id, null from {{ state_table('seen_loads') }}
    where load_id not in (select name from {{ state }} where kind = 'load');
    insert into {{ state }} values
    {% for id in required %}
        ('model', {{ literal(id) }}, {{ literal(checksum_of(id)) }}),
    {% endfor %}
    {% for name, value in settings().items() %}
        ('setting', {{ literal(name) }}, {{ literal(tojson(value)) }}){{ ',' if not loop.last }}
    {% endfor %};
    insert into {{ ledger }} by name
    select * from {{ relation_of('model.mixpanel_data.stg_mixpanel__fetches') }}
    where
        load_id in (select load_id from {{ state_table('seen_loads') }})
        and load_id not in (select load_id from {{ ledger }});
    drop table {{ state_table('seen_loads') }};
    {{ empty_change_logs() }}
    commit;
{% endmacro %}

{% macro log_unbuilt_loads() %}
    {% set waiting = run_query(
        'select count(*) from ' ~ state_table('seen_loads') ~ ' where not ' ~ is_built()
    ).rows[0][0] %}
    {% if waiting %}
        {% do log(
            'Loads that do not count as built: ' ~ waiting ~ ', since this run did not build every table. '
            ~ 'The next `dbt build` without --select and --exclude builds their days in all of them.',
            info=true
        ) %}
    {% endif %}
{% endmacro %}

{# True for rows of loads that every table of this file has read. #}
{% macro is_built(column='load_id') %}
    {{ return(adapter.dispatch('is_built', 'mixpanel_data')(column)) }}
{% endmacro %}

{% macro duckdb__is_built(column='load_id') -%}
    {{ column }} in (select name from {{ state_table('build_state') }} where kind = 'load')
{%- endmacro %}
