-- noqa: disable=layout.indent
{# The variable `experiments`, checked. #}
{% macro experiments() %}
    {% set entries = definitions('experiments', {'control': '', 'shares': {}}) %}
    {% for entry in entries %}
        {% if entry.shares is not mapping %}
            {% do exceptions.raise_compiler_error(
                "Variable experiments, " ~ entry.name ~ ": shares is " ~ entry.shares ~ ", which is no table of variants."
            ) %}
        {% endif %}
        {% for variant, share in entry.shares.items() if share is not number or share is boolean or share <= 0 %}
            {% do exceptions.raise_compiler_error(
                "Variable experiments, " ~ entry.name ~ ": shares is " ~ share ~ ", which is no number above 0: "
                ~ variant ~ "."
            ) %}
        {% endfor %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# The variable `experiment_metrics`, checked. #}
{% macro experiment_metrics() %}
    {% set entries = definitions('experiment_metrics', {'events': none, 'value': ''}) %}
    {% for entry in entries %}
        {% do require_names('experiment_metrics', entry, 'events') %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{% macro require_known_experiment_events() %}
    {% for entry in experiment_metrics() %}
        {% do require_known_events('experiment_metrics', entry.events) %}
    {% endfor %}
{% endmacro %}

{# The variable `impacts`, checked. #}
{% macro impacts() %}
    {% set entries = definitions('impacts', {'events': none, 'outcome_events': none, 'days': 28}) %}
    {% for entry in entries %}
        {% do require_names('impacts', entry, 'events') %}
        {% do require_names('impacts', entry, 'outcome_events') %}
        {% do require_positive('impacts', entry, 'days') %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{% macro require_known_impact_events() %}
    {% for entry in impacts() %}
        {% do require_known_events('impacts', entry.events + entry.outcome_events) %}
    {% endfor %}
{% endmacro %}

{# The variable `signals`, checked. #}
{% macro signals() %}
    {% set entries = definitions('signals', {
        'goal_events': none, 'events': [], 'first_days': 7, 'goal_days': 28, 'times': [1],
    }) %}
    {% for entry in entries %}
        {% do require_names('signals', entry, 'goal_events') %}
        {% do require_positive('signals', entry, 'first_days') %}
        {% do require_positive('signals', entry, 'goal_days') %}
        {% set wrong = [] if entry.times is iterable and entry.times is not string else [entry.times] %}
        {% for times in entry.times if not wrong and (times is not integer or times is boolean or times <= 0) %}
            {% do wrong.append(times) %}
        {% endfor %}
        {% if wrong or not entry.times %}
            {% do exceptions.raise_compiler_error(
                "Variable signals, " ~ entry.name ~ ": times is " ~ (wrong | first) ~ ", which is no number above 0."
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{% macro require_known_signal_events() %}
    {% for entry in signals() %}
        {% do require_known_events('signals', entry.goal_events + entry.events) %}
    {% endfor %}
{% endmacro %}
