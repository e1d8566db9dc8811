{# A new file has no ledger to compare with. An empty one says that everything is to be built. #}
{% macro ensure_ledger() %}
    {% set ledger = source('built', '_metadata').incorporate(type='table') %}
    {% if execute and load_relation(ledger) is none %}
        {% do run_query('create table ' ~ ledger ~ ' (load_id varchar)') %}
        {% do adapter.cache_added(ledger) %}
    {% endif %}
{% endmacro %}
