{# The properties of events that have a column of their own, as [property, column]: what
   Mixpanel's libraries send. #}
{% macro event_fields() %}
    {{ return([
        ['$distinct_id_before_identity', 'distinct_id_before_identity'],
        ['$preshuffle_distinct_id', 'preshuffle_distinct_id'],
        ['$user_id', 'sent_user_id'],
        ['$device_id', 'device_id'],
        ['$os', 'os'],
        ['$browser', 'browser'],
        ['$device', 'device'],
        ['$manufacturer', 'manufacturer'],
        ['$model', 'device_model'],
        ['$city', 'city'],
        ['$region', 'region'],
        ['mp_country_code', 'country_code'],
        ['$current_url', 'current_url'],
        ['$referrer', 'referrer'],
        ['$referring_domain', 'referring_domain'],
        ['$initial_referrer', 'initial_referrer'],
        ['utm_source', 'utm_source'],
        ['utm_medium', 'utm_medium'],
        ['utm_campaign', 'utm_campaign'],
        ['utm_content', 'utm_content'],
        ['utm_term', 'utm_term'],
        ['mp_lib', 'lib'],
        ['$lib_version', 'lib_version'],
        ['$app_version_string', 'app_version'],
    ]) }}
{% endmacro %}
