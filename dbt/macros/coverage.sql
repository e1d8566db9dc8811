{# True when one of the days from `first` to the one that `is_partial` and `known_since` are of is not wholly known:
   what is counted over them is a lower bound. #}
{% macro reaches_unknown(first, day='') -%}
    ({{ day }}is_partial or {{ day }}known_since > {{ first }})
{%- endmacro %}

{# Known days before a first time that make it one. History begins somewhere, so that nobody is new for certain; who was
   not seen for so long is called new, and before that his being new is marked. #}
{% macro days_before_new() %}{{ return(30) }}{% endmacro %}

{# What a period says of its coverage, from its days in `int_days`. Its last day knows since when there is no gap;
   without it the period isn't over. #}
{% macro is_whole_since(first, last) -%}
    coalesce(bool_or(event_date = {{ last }} and not {{ reaches_unknown(first) }}), false)
{%- endmacro %}

{# First of the days that say where the users of a period come from: those of the period before, and enough to call
   somebody new. #}
{% macro since_new(unit, period_start) -%}
    least(({{ period_start }} - interval 1 {{ unit }})::date, {{ period_start }} - {{ days_before_new() }})
{%- endmacro %}
