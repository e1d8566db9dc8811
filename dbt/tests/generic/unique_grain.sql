{# Fails on rows that agree in all of `grain`, a list of SQL expressions in which nulls are equal. With `changed_by`,
   a column of times, only what this build made anew is tried: cost follows the change. #}
{% test unique_grain(model, grain, only='true', changed_by=none) %}
{% set tried = is_changed(changed_by) if changed_by and not flags.FULL_REFRESH else 'true' %}
select
    {{ grain | join(', ') }},
    count(*) as rows_found
from {{ model }}
where {{ only }} and {{ tried }}
group by all
having count(*) > 1
{% endtest %}
