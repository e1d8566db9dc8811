{# Whether a join keeps its right side in memory, as it is written; else DuckDB chooses the side. In
   `events` the right side is always the small one, and the optimizer would choose the events. #}
{% macro keep_right_sides_in_memory(keep) %}
    {{ return(adapter.dispatch('keep_right_sides_in_memory', 'mixpanel_data')(keep)) }}
{% endmacro %}

{% macro duckdb__keep_right_sides_in_memory(keep) -%}
    {{ "set disabled_optimizers = 'build_side_probe_side'" if keep else 'reset disabled_optimizers' }}
{%- endmacro %}
