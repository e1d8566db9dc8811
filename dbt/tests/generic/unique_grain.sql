{# Fails on rows that agree in all of `grain`, a list of SQL expressions in which nulls are equal. With `changed_by`,
   a column of times, only what this build made anew is tried: cost follows the change. #}
{% test unique_grain(model, grain, only=none, changed_by=none) %}
with tried as (
    select *
    from {{ model }}
    where true
    {% if only %}
        and {{ only }}
    {% endif %}
    {% if changed_by and not flags.FULL_REFRESH %}
        and {{ is_changed(changed_by) }}
    {% endif %}
)

select
    {{ grain | join(', ') }},
    count(*) as rows_found
from tried
group by all
having count(*) > 1
{% endtest %}
