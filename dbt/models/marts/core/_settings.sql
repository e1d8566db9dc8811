{% for name, value in settings().items() %}
    select
        '{{ name }}' as name,
        '{{ tojson(value) | replace("'", "''") }}' as value -- noqa: RF04
    {{ 'union all' if not loop.last }}
{% endfor %}
