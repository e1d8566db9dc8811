{# All variables that shape a table, with what they are now. #}
{% macro settings() %}
    {% set now = {'project_timezone': project_timezone()} %}
    {% for name in [
        'week_start', 'hidden_events', 'identity_rule', 'identity_device_conflict', 'canonical_pick_original', 'junk_ids',
        'event_properties', 'profile_properties', 'session_kind', 'session_timeout_minutes', 'session_gap_inclusive',
        'session_split_at_midnight', 'session_identity', 'session_excluded_events', 'session_start_events',
        'session_end_events', 'session_property', 'page_view_events', 'bounce_rule',
        'cohorts', 'segments', 'retentions', 'retention_return_at_birth_instant', 'funnels', 'funnel_window_inclusive',
        'funnel_grace_seconds', 'funnel_held_null_matches', 'attributions', 'attribution_include_conversion_event', 'attribution_lookback_inclusive',
        'attribution_reset_after_conversion', 'revenue', 'metrics', 'group_keys', 'experiments', 'experiment_metrics',
        'impacts', 'signals', 'catalog_without_examples',
        'volume_anomaly_score',
    ] %}
        {% do now.update({name: var(name)}) %}
    {% endfor %}
    {{ return(now) }}
{% endmacro %}

{# What differs between the settings that a complete build recorded and those of now, in words. #}
{% macro changed_settings(recorded) %}
    {% set changed = [] %}
    {% for name, value in settings().items() %}
        {% if recorded.get(name) != tojson(value) %}
            {% do changed.append(name ~ ' was ' ~ recorded.get(name, 'not there') ~ ' and is ' ~ tojson(value)) %}
        {% endif %}
    {% endfor %}
    {{ return(changed) }}
{% endmacro %}
