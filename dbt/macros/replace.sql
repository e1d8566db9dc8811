{# The incremental strategy `replace`: what the model's condition `replaces` describes goes, and what the model selects
   comes, in one transaction. The select has run before anything goes, so it may read the table itself. #}
{% macro get_incremental_replace_sql(arg_dict) %}
    {% set columns = get_quoted_csv(arg_dict.dest_columns | map(attribute='name')) %}
    delete from {{ arg_dict.target_relation }} where {{ render(config.require('replaces')) }};
    insert into {{ arg_dict.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict.temp_relation }}
{% endmacro %}
