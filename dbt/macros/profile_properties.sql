{# The properties of profiles that Mixpanel itself reserves and that have a column of their own,
   in the form of `configured_properties`. #}
{% macro profile_fields() %}
    {% set fields = [] %}
    {% for column in [
        'name', 'first_name', 'last_name', 'email', 'phone', 'avatar', 'created', 'last_seen', 'city', 'region',
        'country_code', 'timezone', 'geo_source',
    ] %}
        {% set type = 'datetime' if column in ('created', 'last_seen') else 'string' %}
        {% do fields.append({
            'name': '$' ~ column, 'alias': column, 'type': type,
            'sql_type': 'timestamp' if type == 'datetime' else 'varchar',
        }) %}
    {% endfor %}
    {{ return(fields) }}
{% endmacro %}

{# The variable `profile_properties`, checked: a list of {name, alias, type, sql_type}. #}
{% macro profile_properties() %}
    {{ return(configured_properties('profile_properties', [
        'distinct_id', 'properties', 'user_id', 'first_event_at', 'last_event_at', 'event_count', 'valid_from',
        'is_deleted', 'failed_casts', 'texts',
    ] + profile_fields() | map(attribute='alias') | list)) }}
{% endmacro %}

{% macro declare_profile_properties() %}
    {% do declare_properties(profile_properties()) %}
{% endmacro %}

{# The configured properties of profiles that `users` shows: all but those whose column has the name
   of one that it has itself. #}
{% macro user_properties() %}
    {% set own = [
        'user_id', 'has_profile', 'first_seen_at', 'last_seen_at', 'first_date', 'last_date', 'active_days',
        'event_count', 'session_count', 'session_seconds', 'first_utm_source', 'first_utm_medium',
        'first_utm_campaign', 'first_referrer', 'first_country_code', 'first_os', 'first_browser', 'first_lib',
        'as_of_date', 'active_days_7d', 'active_days_before_7d', 'active_days_28d', 'event_count_28d', 'stage',
        'activity_level', 'revenue', 'revenue_currency', 'is_first_seen_partial', 'is_stage_partial', 'power_from', 'core_from', 'casual_from',
        'number',
    ] %}
    {{ return(profile_properties() | rejectattr('alias', 'in', own) | list) }}
{% endmacro %}

{% macro declare_user_properties() %}
    {% do declare_properties(user_properties()) %}
{% endmacro %}
