-- noqa: disable=layout.indent,layout.long_lines
{# The variable `metrics`, checked. `of` and each of `segments` is a mapping, of a column of `events`
   or a property. #}
{% macro insight_metrics() %}
    {% set segment_places = ['any', 'first', 'last'] %}
    {% set numeric = ['sum', 'average', 'median', 'min', 'max'] %}
    {% set entries = definitions('metrics', {
        'events': [], 'where': '', 'measure': 'total', 'of': '', 'per_user': '', 'segments': [], 'units': ['day'],
        'rolling': 0, 'cumulative': false, 'segment_at': 'any',
    }) %}
    {% for metric in entries %}
        {% set where = "Variable metrics, " ~ metric.name ~ ": " %}
        {% set is_percentile = modules.re.fullmatch('p[1-9][0-9]?', metric.measure | string) is not none %}
        {% if not is_percentile %}
            {% do require_one_of('metrics', metric, 'measure', ['total', 'unique', 'sessions', 'distinct'] + numeric + ['p1 to p99']) %}
        {% endif %}
        {% do require_one_of('metrics', metric, 'per_user', ['', 'total', 'sessions', 'distinct'] + numeric) %}
        {% do require_one_of('metrics', metric, 'segment_at', segment_places) %}
        {% if metric.per_user and not is_percentile and metric.measure not in numeric %}
            {% do exceptions.raise_compiler_error(
                where ~ "per_user needs a measure of the users' numbers, such as average, and not " ~ metric.measure ~ "."
            ) %}
        {% endif %}
        {% set needs_of = (metric.per_user or metric.measure) not in ['total', 'unique', 'sessions'] %}
        {% if needs_of and not metric.of %}
            {% do exceptions.raise_compiler_error(where ~ (metric.per_user or metric.measure) ~ " needs of.") %}
        {% endif %}
        {% if metric.of and not needs_of %}
            {% do exceptions.raise_compiler_error(where ~ (metric.per_user or metric.measure) ~ " takes no of.") %}
        {% endif %}
        {% if metric.units is string or not metric.units %}
            {% do exceptions.raise_compiler_error(where ~ "it needs units.") %}
        {% endif %}
        {% for unit in metric.units if unit not in ['hour', 'day', 'week', 'month'] %}
            {% do exceptions.raise_compiler_error(
                where ~ "units is " ~ unit ~ ", which is none of hour, day, week, month."
            ) %}
        {% endfor %}
        {% if metric.segments is string or metric.segments | length > 2 %}
            {% do exceptions.raise_compiler_error(where ~ "segments is no list of one or two columns.") %}
        {% endif %}
        {% if metric.rolling is not integer or metric.rolling is boolean or metric.rolling < 0 %}
            {% do exceptions.raise_compiler_error(where ~ "rolling is " ~ metric.rolling ~ ", which is no number of periods.") %}
        {% endif %}
        {% if metric.cumulative is not boolean %}
            {% do exceptions.raise_compiler_error(where ~ "cumulative is neither true nor false.") %}
        {% endif %}
        {% set adds_up = not metric.per_user and metric.measure in ['total', 'unique', 'sessions', 'sum'] %}
        {% if metric.cumulative and not adds_up %}
            {% do exceptions.raise_compiler_error(
                where ~ "cumulative needs a measure whose values add up: total, unique, sessions or sum."
            ) %}
        {% endif %}
        {% set segments = [] %}
        {% for segment in metric.segments %}
            {% do segments.append(insight_value(segment, "Variable metrics, " ~ metric.name ~ ", segment " ~ loop.index)) %}
        {% endfor %}
        {% if metric.segment_at != 'any' and (not segments or segments | selectattr('list') | list) %}
            {% do exceptions.raise_compiler_error(where ~ "segment_at needs segments, and none by a list.") %}
        {% endif %}
        {% set of = insight_value(metric.of, "Variable metrics, " ~ metric.name ~ ", of") if metric.of else none %}
        {% do metric.update({
            'segments': segments,
            'units': metric.units | unique | list,
            'of': of,
            'cohorts': cohorts_of_segments(segments | map(attribute='column') | list),
            'borrow_days': ([{'borrow_days': 0}, of] | select | list + segments) | map(attribute='borrow_days') | max,
            'adds_up': adds_up,
            'is_number': (metric.per_user or metric.measure) not in ['total', 'unique', 'sessions', 'distinct'],
        }) %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# What a metric is of, or segmented by, checked: {column or property, field, list, buckets,
   borrow_days}. A text is the name of a column. #}
{% macro insight_value(value, where) %}
    {% set given = {'column': value} if value is string else value %}
    {% if given is not mapping or ('column' in given) == ('property' in given)
        or given.keys() | reject('in', ['column', 'property', 'field', 'list', 'buckets', 'borrow_days']) | list %}
        {% do exceptions.raise_compiler_error(
            where ~ ": it takes a column or a property, and field, list, buckets and borrow_days, not " ~ value ~ "."
        ) %}
    {% endif %}
    {% set whole = {'column': none, 'property': none, 'field': '', 'list': false, 'buckets': [], 'borrow_days': 0} %}
    {% do whole.update(given) %}
    {% if whole.list is not boolean %}
        {% do exceptions.raise_compiler_error(where ~ ": list is neither true nor false.") %}
    {% endif %}
    {% if whole.borrow_days is not integer or whole.borrow_days is boolean or whole.borrow_days < 0 %}
        {% do exceptions.raise_compiler_error(where ~ ": borrow_days is no number of days.") %}
    {% endif %}
    {% if whole.borrow_days and whole.list %}
        {% do exceptions.raise_compiler_error(where ~ ": a list can't be borrowed.") %}
    {% endif %}
    {% if whole.field and whole.column and not whole.list %}
        {% do exceptions.raise_compiler_error(where ~ ": field needs a property, or a list.") %}
    {% endif %}
    {% do whole.update({'buckets': lower_bounds(whole.buckets, where)}) %}
    {{ return(whole) }}
{% endmacro %}

{# The numbers that divide values into buckets: those of a list, or of {from, to, by}. #}
{% macro lower_bounds(buckets, where) %}
    {% if buckets is mapping %}
        {% set numbers = buckets.values() | select('number') | reject('boolean') | list %}
        {% set is_whole = buckets.keys() | sort == ['by', 'from', 'to'] and numbers | length == 3 %}
        {% if not is_whole or buckets.by <= 0 or buckets.to <= buckets.from or not is_divided(buckets) %}
            {% do exceptions.raise_compiler_error(
                where ~ ": buckets of one size are {from, to, by}, where (to - from) / by is a whole number from 1 to 1000, not " ~ buckets ~ "."
            ) %}
        {% endif %}
        {% set bounds = [] %}
        {% for number in range(((buckets.to - buckets.from) / buckets.by) | round | int + 1) %}
            {% set lower = buckets.from + number * buckets.by %}
            {% do bounds.append(lower if lower is integer else lower | round(9)) %}
        {% endfor %}
        {{ return(bounds) }}
    {% endif %}
    {% for lower in buckets %}
        {% if lower is not number or lower is boolean or (not loop.first and lower <= loop.previtem) %}
            {% do exceptions.raise_compiler_error(where ~ ": buckets are numbers, each greater than the one before.") %}
        {% endif %}
    {% endfor %}
    {{ return(buckets) }}
{% endmacro %}

{% macro is_divided(buckets) %}
    {% set count = (buckets.to - buckets.from) / buckets.by %}
    {{ return(count <= 1000 and (count - (count | round)) | abs < 0.000001) }}
{% endmacro %}

{% macro require_known_metric_events() %}
    {% for metric in insight_metrics() %}
        {% do require_known_events('metrics', metric.events) %}
    {% endfor %}
{% endmacro %}

{# The units that any metric has, each with the days before a period that its values may be borrowed
   from. #}
{% macro insight_spans() %}
    {% set spans = [] %}
    {% for metric in insight_metrics() %}
        {% for unit in metric.units if [unit, metric.borrow_days] not in spans %}
            {% do spans.append([unit, metric.borrow_days]) %}
        {% endfor %}
    {% endfor %}
    {{ return(spans) }}
{% endmacro %}
