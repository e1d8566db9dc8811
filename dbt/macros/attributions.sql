-- noqa: disable=layout.indent
{# The variable `attributions`, tried. #}
{% macro attributions() %}
    {% set tried = definitions('attributions', {
        'conversion_events': none, 'touch': 'utm_source', 'lookback_days': 30, 'counting': 'totals',
        'direct_values': ['$direct', 'direct', 'Direct'],
    }) %}
    {% for attribution in tried %}
        {% do require_one_of('attributions', attribution, 'counting', ['totals', 'first', 'last']) %}
        {% do require_positive('attributions', attribution, 'lookback_days') %}
    {% endfor %}
    {{ return(tried) }}
{% endmacro %}

{% macro require_known_conversion_events() %}
    {% for attribution in attributions() %}
        {% do require_known_events('attributions', attribution.conversion_events) %}
    {% endfor %}
{% endmacro %}

{# Shares of the first and the last touch, the others share the rest. Of two touches both are scaled to sum 1. #}
{% macro credit_by_shape(first, last) -%}
    case
        when touch_count = 1 then 1.0
        when touch_count = 2 then case place when 1 then {{ (first / (first + last)) | round(6) }} else {{ (last / (first + last)) | round(6) }} end
        when place = 1 then {{ first }}
        when place = touch_count then {{ last }}
        else {{ (1 - first - last) | round(3) }} / (touch_count - 2)
    end::double
{%- endmacro %}
