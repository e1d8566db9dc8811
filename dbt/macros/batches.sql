{# First and last days of ranges with `events_in_a_batch` events or so: what looks at all
   events, or changes them, goes through them one by one, and memory does not grow with history. #}
{% macro batches_of_days(counted_days) %}
    {% set size = mixpanel_data.number('events_in_a_batch', 1) %}
    {% set batch = 'sum(event_count) over (order by event_date asc) // ' ~ size %}
    {{ return(run_query(
        'select min(event_date), max(event_date)'
        ~ ' from (select event_date, ' ~ batch ~ ' as batch from (' ~ counted_days ~ ')) group by batch order by batch asc'
    ).rows) }}
{% endmacro %}

{# True, and where a model has `meta.batch_by` what its materialization replaces by a condition
   on the days of a batch. #}
{% macro of_the_batch() %}{{ return('/* of the batch */ true') }}{% endmacro %}

{# The model's SQL once for each batch. #}
{% macro in_batches(sql) %}
    {% set column = config.meta_get('batch_by') %}
    {% if not column %}
        {{ return([sql]) }}
    {% endif %}
    {% set counted = 'select event_date, count(*) as event_count from ' ~ ref('mixpanel_data', 'events')
        ~ ' group by event_date' %}
    {% set batches = mixpanel_data.batches_of_days(counted) %}
    {% set selects = [] %}
    {# without a day between two batches, or before the first: the column may be the first day of a
       week, which has no event of its own #}
    {% for _, last in batches %}
        {% set after = "'" ~ (batches[loop.index0 - 1][1] if not loop.first else '-infinity') ~ "'" %}
        {% set days = column ~ " > " ~ after ~ " and " ~ column ~ " <= '" ~ last ~ "'" %}
        {% do selects.append(sql.replace(mixpanel_data.of_the_batch(), days)) %}
    {% endfor %}
    {# of a project without events a table without rows #}
    {{ return(selects or [sql]) }}
{% endmacro %}
