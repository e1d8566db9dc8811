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
