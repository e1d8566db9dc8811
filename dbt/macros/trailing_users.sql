-- noqa: disable=layout.indent
{# What follows a CTE `active` (day, next_day, and `by`): one row per day on which the number of users of a trailing
   window changes. A user enters a window when he was active and leaves when its last day has passed, or is active again
   first: two rows for each active day, where a join with the days of each window would have thirty. #}
{% macro trailing_changes(windows, by=[]) %}
select
    {{ by | join(', ') ~ ',' if by }}
    event_date
    {%- for days in windows %},
        sum(change_{{ days }}) as change_{{ days }}
    {%- endfor %}
from (
    select
        {{ by | join(', ') ~ ',' if by }}
        event_date
        {%- for days in windows %},
            1 as change_{{ days }}
        {%- endfor %}
    from active
    {% for days in windows %}
        union all
        select
            {{ by | join(', ') ~ ',' if by }}
            least(coalesce(next_date, event_date + {{ days }}), event_date + {{ days }}) as event_date
            {%- for other in windows %},
                {{ -1 if other == days else 0 }} as change_{{ other }}
            {%- endfor %}
        from active
    {% endfor %}
) as changes
group by all
{% endmacro %}
