{# Run the model's hooks around the statements of the caller, all in one transaction. #}
{% macro in_one_script() %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks) }}
    {% set script = caller() %}
    {% call statement('main') %}
        {{ script }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{% endmacro %}
