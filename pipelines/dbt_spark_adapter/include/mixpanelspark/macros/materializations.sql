{# Every table is replaced whole, in one statement: readers and other models see the former rows or
   the new ones. #}
{% macro mixpanelspark_table(partition_by=none) %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        create or replace table {{ this }} using {{ var('table_format', 'iceberg') }}
        {{ 'partitioned by (' ~ partition_by ~ ')' if partition_by }} as
        {{ adapter.to_spark(sql, model.name) }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmacro %}

{% materialization table, adapter='mixpanelspark' %}
    {{ return(mixpanelspark_table(config.get('partition_by'))) }}
{% endmaterialization %}

{% materialization contract_table, adapter='mixpanelspark' %}
    {{ return(mixpanelspark_table(config.get('partition_by'))) }}
{% endmaterialization %}

{# With `meta.partitioned_by`, a build that replaces days (`adapter.replaced_days`) keeps the other
   rows: one statement replaces those that `meta.replaces` describes by those that the model selects,
   also by none. The condition must describe whole partitions. #}
{% macro mixpanelspark_rows() %}
    {% set partition = config.get('meta', {}).get('partitioned_by') %}
    {% set days = adapter.replaced_days() if partition else none %}
    {% if days is none %}
        {{ return(mixpanelspark_table(partition)) }}
    {% endif %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        {% if days %}
            insert into {{ this }} replace where {{ render(config.get('meta').replaces) }}
            {{ adapter.to_spark(sql, model.name) }}
        {% else %}
            select 'no day to replace'
        {% endif %}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmacro %}

{% materialization replaced_rows, adapter='mixpanelspark' %}
    {{ return(mixpanelspark_rows()) }}
{% endmaterialization %}

{% materialization appended_rows, adapter='mixpanelspark' %}
    {{ return(mixpanelspark_rows()) }}
{% endmaterialization %}

{# With `meta.replaces`, one statement replaces the rows that this condition describes by those that
   the model selects, also by none. #}
{% materialization incremental, adapter='mixpanelspark' %}
    {% set replaces = config.get('meta', {}).get('replaces') %}
    {% if load_cached_relation(this) is none or should_full_refresh() or not replaces %}
        {{ return(mixpanelspark_table(config.get('partition_by'))) }}
    {% endif %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        insert into {{ this }} replace where {{ render(replaces) }}
        {{ adapter.to_spark(sql, model.name) }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% macro mixpanelspark_view() %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        create or replace view {{ this }} as
        {{ adapter.to_spark(sql, model.name) }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmacro %}

{% materialization view, adapter='mixpanelspark' %}
    {{ return(mixpanelspark_view()) }}
{% endmaterialization %}

{# A table: a view over views with expressions of their own is more than Spark 3.5 can resolve. #}
{% materialization replaced_view, adapter='mixpanelspark' %}
    {{ return(mixpanelspark_table()) }}
{% endmaterialization %}

{% materialization test, adapter='mixpanelspark' %}
    {% call statement('main', fetch_result=true) %}
        {{ get_test_sql(
            adapter.to_spark(sql, model.name), config.get('fail_calc'), config.get('warn_if'),
            config.get('error_if'), config.get('limit')
        ) }}
    {% endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}
