{# Fails when the column `of` does not add up to `to`, an SQL expression. #}
{% test sums_to(model, of, to) %}
select
    coalesce(sum({{ of }}), 0) as summed,
    {{ to }} as wanted
from {{ model }}
having summed <> wanted
{% endtest %}
