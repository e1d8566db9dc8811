{# Fails on rows for which the condition, an SQL expression, is true. #}
{% test never(model, condition) %}
select * from {{ model }}
where {{ condition }}
{% endtest %}
