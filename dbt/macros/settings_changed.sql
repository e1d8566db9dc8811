{# All variables that shape a table, with what they are now. #}
{% macro settings() %}
    {% set now = {'project_timezone': project_timezone()} %}
    {% for name in [
        'week_start', 'hidden_events', 'identity_rule', 'identity_device_conflict', 'canonical_pick_original', 'junk_ids',
        'event_properties', 'profile_properties', 'session_kind', 'session_timeout_minutes', 'session_gap_inclusive',
        'session_split_at_midnight', 'session_identity', 'session_excluded_events', 'session_start_events',
        'session_end_events', 'session_property', 'page_view_events', 'bounce_rule',
        'retentions', 'retention_return_at_birth_instant', 'funnels', 'funnel_window_inclusive',
        'funnel_grace_seconds', 'funnel_held_null_matches', 'attributions', 'attribution_include_conversion_event', 'attribution_lookback_inclusive',
        'attribution_reset_after_conversion', 'catalog_without_examples',
        'volume_anomaly_score',
    ] %}
        {% do now.update({name: var(name)}) %}
    {% endfor %}
    {{ return(now) }}
{% endmacro %}

{# Days counted in another zone, or sessions by another timeout, can't stand beside old ones: whatever was built is
   dropped. The fingerprint of the models does not see what comes from the environment or from `--vars`. So it is for
   `--full-refresh`: most tables grow by what the ledger says is new, and then nothing would be. #}
{% macro start_over_if_settings_changed() %}
    {% set builds = execute and flags.WHICH in ('build', 'run') %}
    {% if builds and flags.FULL_REFRESH %}
        {% if invocation_args_dict.get('select') or invocation_args_dict.get('exclude') %}
            {% do exceptions.raise_compiler_error(
                "The tables grow together, so a full refresh is one of all: run it without --select and --exclude."
            ) %}
        {% endif %}
        {% do drop_what_was_built() %}
    {% endif %}
    {% set known = source('built', '_settings').incorporate(type='table') %}
    {% if builds and load_relation(known) is not none %}
        {% set then = {} %}
        {% for row in run_query('select name, value from ' ~ known).rows %}
            {% do then.update({row[0]: row[1]}) %}
        {% endfor %}
        {% set now = {} %}
        {% for name, value in settings().items() %}
            {% do now.update({name: tojson(value)}) %}
        {% endfor %}
        {% if now != then %}
            {% do drop_what_was_built() %}
        {% endif %}
    {% endif %}
{% endmacro %}

{% macro drop_what_was_built() %}
    {% for node in graph.nodes.values() %}
        {% set built = load_relation(api.Relation.create(node.database, node.schema, node.alias))
            if node.resource_type == 'model' else none %}
        {% if built is not none %}
            {% do adapter.drop_relation(built) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
