-- noqa: disable=layout.indent,layout.long_lines
{# `attempts_<number>`: the attempts that count, of all users and, if the funnel has a segment,
   once more by its values. With `counting: uniques` one of each user, with `sessions` one of each
   session, and with `per` one of each period, too. #}
{% macro funnel_counted_attempts(plan) %}
{% set funnel = plan.funnel %}
{% set number = plan.number %}
attempts_{{ number }} as (
    {% for by in ['', 'segment'] if not by or funnel.segment %}
    {% set owner = ['user_id'] + plan.lanes + (['held_segment'] if by and plan.is_segment_held else []) %}
    {{ 'union all' if not loop.first }}
    select
        '{{ funnel.name | replace("'", "''") }}' as funnel,
        {{ by or 'null' }}::varchar as segment,
        user_id,
        entry_date,
        entered_at,
        steps_reached,
        step_times,
        {{ 'step_values' if funnel.value else 'null' }}::double[] as step_values,
        steps_reached = {{ funnel.steps | length }} as is_converted,
        {{ plan.ends_by }} as open_until
    {% if funnel.held_value == 'first' and funnel.hold_constant and funnel.reentry == 'optimized' and funnel.counting == 'uniques' %}
    from (
        select possible.*
        from possible_{{ number }} as possible
        semi join (
            select *
            from candidates_{{ number }}
            qualify row_number() over (partition by {{ owner | join(', ') }} order by entry_position asc) = 1
        ) as first_entries
            on
                {% for column in owner %}
                    possible.{{ column }} = first_entries.{{ column }} and
                {% endfor %}
                {% for n in plan.held %}
                    {{ 'and' if not loop.first }} possible.held_{{ n }} is not distinct from first_entries.held_{{ n }}
                {% endfor %}
    ) as of_the_first_value
    {% else %}
    from possible_{{ number }}{{ '_by_segment' if by and plan.is_segment_held and funnel.reentry == 'default' }}
    {% endif %}
    {% if funnel.counting != 'totals' %}
    qualify row_number() over (
        partition by {{ (['user_id'] + plan.lanes + ([by] if by else [])) | join(', ') }}
        order by {{ 'steps_reached desc,' if funnel.reentry == 'optimized' }} entry_position asc
    ) = 1
    {% endif %}
    {% endfor %}
)
{% endmacro %}
