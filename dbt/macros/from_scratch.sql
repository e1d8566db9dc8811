{# dbt calls this for every incremental model. In addition to dbt's own cases, it is true for models
   that `begin_run` found to be built from scratch in this run: after a variable changed, or when
   they have missed loads. A project that has this one as a package needs a macro of the same name
   that returns `mixpanel_data.should_full_refresh()`, so that its models of the materialization
   `incremental` do the same. `full_refresh: false` in a model's config takes precedence over
   both. #}
{% macro should_full_refresh() %}
    {% set run = graph.get('mixpanel_data', {}) if execute else {} %}
    {% if run.get('invocation_id') == invocation_id and model.unique_id in run.from_scratch %}
        {{ return(config.get('full_refresh') is not false) }}
    {% endif %}
    {{ return(dbt.should_full_refresh()) }}
{% endmacro %}

{# Models that a complete build consists of: those of this project, and all that read them. #}
{% macro required_models() %}
    {% set ours = [] %}
    {% for id, node in graph.nodes.items() if node.package_name == 'mixpanel_data' %}
        {% do ours.append(id) %}
    {% endfor %}
    {% for id, node in graph.sources.items() if node.package_name == 'mixpanel_data' %}
        {% do ours.append(id) %}
    {% endfor %}
    {% set required = [] %}
    {% for id in with_descendants(ours) if id in graph.nodes %}
        {% set node = graph.nodes[id] %}
        {% if node.resource_type == 'model' and node.config.materialized != 'ephemeral' %}
            {% do required.append(id) %}
        {% endif %}
    {% endfor %}
    {{ return(required) }}
{% endmacro %}

{# These nodes and all that read them, directly or not. #}
{% macro with_descendants(unique_ids) %}
    {% set found = {} %}
    {% for id in unique_ids %}
        {% do found.update({id: true}) %}
    {% endfor %}
    {% set search = namespace(goes_on=found | length > 0) %}
    {% for _ in graph.nodes if search.goes_on %}
        {% set search.goes_on = false %}
        {% for id, node in graph.nodes.items() if id not in found and node.resource_type in ('model', 'snapshot') %}
            {% if node.depends_on.nodes | select('in', found) | first is defined %}
                {% do found.update({id: true}) %}
                {% set search.goes_on = true %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(found | list) }}
{% endmacro %}

{# Raise when an incremental model of another project has to be built from scratch, and only
   dbt's own flag can do that. #}
{% macro require_full_refresh_flag(from_scratch) %}
    {% set takes_ours = project_name == 'mixpanel_data' or context.get(project_name, {}).get('should_full_refresh') %}
    {% for id in from_scratch if id in selected_resources and not flags.FULL_REFRESH %}
        {% set node = graph.nodes[id] %}
        {% set obeys = takes_ours or node.package_name == 'mixpanel_data' or has_materialization_of_ours(node) %}
        {% if
            node.resource_type == 'model' and keeps_rows(node)
            and (not obeys or node.config.incremental_strategy == 'microbatch')
            and node.config.full_refresh is not false
            and load_relation(relation_of(id)) is not none
        %}
            {% do exceptions.raise_compiler_error(
                node.name ~ ' grows from tables that are built from scratch in this run, so it has to be as well. '
                ~ 'To build all tables from scratch, run it without --select and --exclude: `dbt build --full-refresh`.'
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{% macro relation_of(unique_id) %}
    {% set node = graph.nodes[unique_id] %}
    {{ return(api.Relation.create(node.database, node.schema, node.alias)) }}
{% endmacro %}
