-- noqa: disable=layout.indent
{# The variable `attributions`, checked. #}
{% macro attributions() %}
    {% set entries = definitions('attributions', {
        'conversion_events': none, 'touch': 'utm_source', 'lookback_days': 30, 'counting': 'totals',
        'direct_values': ['$direct', 'direct', 'Direct'],
    }) %}
    {% for attribution in entries %}
        {% do require_one_of('attributions', attribution, 'counting', ['totals', 'first', 'last']) %}
        {% do require_positive('attributions', attribution, 'lookback_days') %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# Days after an affected one until which its conversions and touches may matter; none when they
   always do. #}
{% macro attribution_reach() %}
    {% set reach = [] %}
    {% for attribution in attributions() %}
        {% do reach.append(attribution.lookback_days if attribution.counting == 'totals' else none) %}
    {% endfor %}
    {{ return(none if none in reach else (reach | max | default(0)) + 1) }}
{% endmacro %}

{# True for conversions that an affected day may have changed. #}
{% macro is_affected_conversion() -%}
    {% set reach = attribution_reach() -%}
    {{ is_affected_user() }}
    {%- if reach is not none %}
        and conversion_date >= (select min(event_date) from ({{ affected_dates() }}) as affected)
        and conversion_date <= (select max(event_date) + {{ reach }} from ({{ affected_dates() }}) as affected)
    {%- endif %}
{%- endmacro %}

{# True for events that such conversions, and the touches before them, are made of. #}
{% macro is_affected_attribution_event() -%}
    {% set reach = attribution_reach() -%}
    {{ is_affected_user() }}
    {%- if reach is not none %}
        and event_date >= (select min(event_date) - {{ reach }} from ({{ affected_dates() }}) as affected)
        and event_date <= (select max(event_date) + {{ reach }} from ({{ affected_dates() }}) as affected)
    {%- endif %}
{%- endmacro %}

{% macro require_known_conversion_events() %}
    {% for attribution in attributions() %}
        {% do require_known_events('attributions', attribution.conversion_events) %}
    {% endfor %}
{% endmacro %}

{# Shares of the first and the last touch, the others share the rest. Of two touches both are
   scaled to sum 1. What a value gets is the sum of its touches. #}
{% macro credit_by_shape(first, last) -%}
    case
        when touch_count = 1 then 1.0
        when touch_count = 2
            then is_first * {{ (first / (first + last)) | round(6) }} + is_last * {{ (last / (first + last)) | round(6) }}
        else
            is_first * {{ first }} + is_last * {{ last }}
            + (touches_of_value - is_first - is_last) * {{ (1 - first - last) | round(3) }} / (touch_count - 2)::double
    end::double
{%- endmacro %}
