-- noqa: disable=layout.indent
{# What follows a CTE `gaps` (event_date, gap: days until the user's next one, users, and `by`):
   one row per day on which the number of users of a trailing window changes. A user enters a
   window on an active day, and leaves it when its last day has passed or on the next active day,
   whichever is first: two rows for each active day, where a join with the days of each window
   would have thirty. #}
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
            users as change_{{ days }}
        {%- endfor %}
    from gaps
    {% for days in windows %}
        union all
        select
            {{ by | join(', ') ~ ',' if by }}
            event_date + least(gap, {{ days }}) as event_date
            {%- for other in windows %},
                {{ '-users' if other == days else 0 }} as change_{{ other }}
            {%- endfor %}
        from gaps
    {% endfor %}
) as changes
group by all
{% endmacro %}
