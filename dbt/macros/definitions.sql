-- noqa: disable=layout.indent,layout.long_lines
{# The entries of a variable that lists definitions, checked: each a mapping with a name of its
   own and no key that is not in `defaults`, which replace what it leaves out. A default of
   none must be given. #}
{% macro definitions(variable, defaults) %}
    {% set entries = [] %}
    {% for entry in var(variable) %}
        {% set where = "Variable " ~ variable ~ ", entry " ~ loop.index ~ ": " %}
        {% if entry is not mapping or not entry.get('name') %}
            {% do exceptions.raise_compiler_error(where ~ "it needs a name.") %}
        {% endif %}
        {% if entry.name in entries | map(attribute='name') | list %}
            {% do exceptions.raise_compiler_error(where ~ "there are two of the name " ~ entry.name ~ ".") %}
        {% endif %}
        {% for key in entry if key != 'name' and key not in defaults %}
            {% do exceptions.raise_compiler_error(
                where ~ "it has no " ~ key ~ ", only " ~ defaults.keys() | join(', ') ~ "."
            ) %}
        {% endfor %}
        {% set whole = {'name': entry.name} %}
        {% for key, value in defaults.items() %}
            {% if entry.get(key, value) is none %}
                {% do exceptions.raise_compiler_error(where ~ "it needs " ~ key ~ ".") %}
            {% endif %}
            {% do whole.update({key: entry.get(key, value)}) %}
        {% endfor %}
        {% do entries.append(whole) %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# Raise unless a value of a definition is one of a few. #}
{% macro require_one_of(variable, definition, key, allowed) %}
    {% if definition[key] not in allowed %}
        {% do exceptions.raise_compiler_error(
            "Variable " ~ variable ~ ", " ~ definition.name ~ ": " ~ key ~ " is " ~ definition[key]
            ~ ", which is none of " ~ allowed | join(', ') ~ "."
        ) %}
    {% endif %}
{% endmacro %}

{# Raise unless a value of a definition is a whole number above zero. DuckDB would round another
   one without a word: `interval 1.5 day` is one day. #}
{% macro require_positive(variable, definition, key) %}
    {% if definition[key] is not integer or definition[key] is boolean or definition[key] <= 0 %}
        {% do exceptions.raise_compiler_error(
            "Variable " ~ variable ~ ", " ~ definition.name ~ ": " ~ key ~ " is " ~ definition[key]
            ~ ", which is no whole number above 0."
        ) %}
    {% endif %}
{% endmacro %}

{# Raise unless a value of a definition is a list of names, and has one. #}
{% macro require_names(variable, definition, key) %}
    {% set listed = definition[key] %}
    {% set where = "Variable " ~ variable ~ ", " ~ definition.name ~ ": " %}
    {% if not listed %}
        {% do exceptions.raise_compiler_error(where ~ "it needs " ~ key ~ ".") %}
    {% endif %}
    {% if listed is string or listed is mapping or listed is not iterable or listed | reject('string') | list %}
        {% do exceptions.raise_compiler_error(where ~ key ~ ": " ~ listed ~ " is no list of names.") %}
    {% endif %}
{% endmacro %}

{# Raise unless events of these names were ever seen, once there are any: else a misspelt name is
   an empty report. #}
{% macro require_known_events(variable, names) %}
    {% if execute and names %}
        {% set known = run_query('select distinct event from ' ~ ref('events')).columns[0].values() | list %}
        {% for name in names if known and name not in known %}
            {% do exceptions.raise_compiler_error("Variable " ~ variable ~ ": no event " ~ name ~ " was ever seen.") %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# `column in (names)`, or true for an empty list, which means any event that counts. #}
{% macro is_any_of(names, column='event') -%}
    {{ column ~ ' in ' ~ literals(names) if names else is_counted(column) }}
{%- endmacro %}

{# True for two lists of the same names, in any order and number. #}
{% macro same_names(some, others) %}
    {% set names = some | unique(case_sensitive=true) | sort(case_sensitive=true) | list %}
    {{ return(names == others | unique(case_sensitive=true) | sort(case_sensitive=true) | list) }}
{% endmacro %}

{# The variable `segments`, checked. #}
{% macro segments() %}
    {% set entries = definitions('segments', {'column': none, 'of': 'events'}) %}
    {% for segment in entries %}
        {% do require_one_of('segments', segment, 'of', ['events', 'users']) %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# The variable `retentions`, checked. #}
{% macro retentions() %}
    {% set entries = definitions('retentions', {
        'birth_events': [], 'return_events': [], 'kind': 'birth', 'unit': 'day', 'mode': 'rolling', 'intervals': 30,
        'brackets': [], 'birth_where': '', 'return_where': '', 'segment': '', 'value': '',
    }) %}
    {% for retention in entries %}
        {% do require_one_of('retentions', retention, 'kind', ['birth', 'compounded']) %}
        {% do require_one_of('retentions', retention, 'unit', ['day', 'week', 'month']) %}
        {% do require_one_of('retentions', retention, 'mode', ['rolling', 'calendar']) %}
        {% do require_positive('retentions', retention, 'intervals') %}
        {# The first unit of each bracket, and the end of the last one. #}
        {% set bounds = [0] %}
        {% for size in retention.brackets %}
            {% do require_positive('retentions', {'name': retention.name, 'brackets': size}, 'brackets') %}
            {% do bounds.append(bounds[-1] + size) %}
        {% endfor %}
        {% do retention.update({'bounds': bounds}) %}
        {% if retention.brackets %}
            {% do retention.update({'intervals': retention.brackets | length - 1}) %}
        {% endif %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{% macro require_known_retention_events() %}
    {% for retention in retentions() %}
        {% do require_known_events('retentions', retention.birth_events + retention.return_events) %}
    {% endfor %}
{% endmacro %}

{# The variable `funnels`, checked. Each step is a list of events, any of which will do, with a
   filter of its own. #}
{% macro funnels() %}
    {% set entries = definitions('funnels', {
        'steps': none, 'window': 7, 'window_unit': 'day', 'counting': 'uniques', 'reentry': 'default', 'exclude': [],
        'hold_constant': [], 'held_value': 'any', 'segment': '', 'segment_at': 1, 'since': '', 'until': '',
        'per': '', 'value': '', 'order': 'specific',
    }) %}
    {% for funnel in entries %}
        {% do require_one_of('funnels', funnel, 'window_unit', ['second', 'minute', 'hour', 'day', 'week']) %}
        {% do require_one_of('funnels', funnel, 'counting', ['uniques', 'totals', 'sessions']) %}
        {% do require_one_of('funnels', funnel, 'reentry', ['default', 'optimized']) %}
        {% do require_one_of('funnels', funnel, 'order', ['specific', 'any']) %}
        {# Re-entry is about the first step, and in any order there is none. #}
        {% if funnel.order == 'any' %}
            {% do require_one_of('funnels', funnel, 'reentry', ['default']) %}
        {% endif %}
        {% do require_one_of('funnels', funnel, 'per', ['', 'day', 'week', 'month']) %}
        {% do require_one_of('funnels', funnel, 'held_value', ['any', 'first']) %}
        {% do require_positive('funnels', funnel, 'window') %}
        {% set steps = [] %}
        {% set filters = [] %}
        {% for step in funnel.steps %}
            {% set whole = step if step is mapping else {'event': step} %}
            {% if not whole.get('event') or whole.keys() | reject('in', ['event', 'where']) | list %}
                {% do exceptions.raise_compiler_error(
                    "Variable funnels, " ~ funnel.name ~ ", step " ~ loop.index ~ ": it takes event and where, not "
                    ~ step ~ "."
                ) %}
            {% endif %}
            {% do steps.append([whole.event] if whole.event is string else whole.event) %}
            {% do filters.append(whole.get('where', '')) %}
        {% endfor %}
        {% if funnel.steps is string or steps | length < 2 %}
            {% do exceptions.raise_compiler_error("Variable funnels, " ~ funnel.name ~ ": it needs two steps or more.") %}
        {% endif %}
        {# Events that end an attempt: at any of its steps, or only before the step after `after`. #}
        {% set exclusions = [] %}
        {% for each in funnel.exclude %}
            {% set whole = each if each is mapping else {'event': each} %}
            {% if not whole.get('event') or whole.keys() | reject('in', ['event', 'after']) | list %}
                {% do exceptions.raise_compiler_error(
                    "Variable funnels, " ~ funnel.name ~ ": exclude takes event and after, not " ~ each ~ "."
                ) %}
            {% endif %}
            {% set ended = {'name': funnel.name, 'after': whole.get('after')} %}
            {% do require_one_of('funnels', ended, 'after', [none] + range(1, steps | length) | list) %}
            {% do exclusions.append({'event': whole.event, 'after': whole.get('after')}) %}
        {% endfor %}
        {# All steps of an attempt are then in one session. #}
        {% set held = funnel.hold_constant + (
            ['session_id'] if funnel.counting == 'sessions' and 'session_id' not in funnel.hold_constant else []
        ) %}
        {% set places = range(1, steps | length + 1) | list + ['first_defined', 'last_defined'] %}
        {% do require_one_of('funnels', funnel, 'segment_at', places) %}
        {% set seconds = {'second': 1, 'minute': 60, 'hour': 3600, 'day': 86400, 'week': 604800} %}
        {% set window_days = (funnel.window * seconds[funnel.window_unit] / 86400) | round(0, 'ceil') | int %}
        {# So many days before must be known, since a first step in them may be the true entry: of a
           user's only attempt if users are counted, else of one whose window is still open. #}
        {% set days_before = [window_days, days_before_new() if funnel.counting == 'uniques' else 0] | max %}
        {% if funnel.counting == 'sessions' %}
            {% set days_before = 1 %}
        {% endif %}
        {% do funnel.update({
            'steps': steps, 'filters': filters, 'days_before': days_before, 'hold_constant': held,
            'exclude': exclusions | map(attribute='event') | unique(case_sensitive=true) | list, 'exclusions': exclusions,
        }) %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{% macro require_known_funnel_events() %}
    {% for funnel in funnels() %}
        {% do require_known_events('funnels', funnel.steps | sum(start=[]) + funnel.exclude) %}
    {% endfor %}
{% endmacro %}
