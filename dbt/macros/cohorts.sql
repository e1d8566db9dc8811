-- noqa: disable=layout.indent,layout.long_lines
{# The variable `cohorts`, checked. Each condition is a mapping of `events` (none of one on profiles),
   `where`, `comparison` and `count`, `days` (none: all days so far), `profile`, `negate`, and
   `number`: of the condition in its cohort, and of one on profiles among all of them. `begins` is true
   of cohorts whose members need no event. #}
{% macro cohorts() %}
    {% set entries = definitions('cohorts', {'description': '', 'match': 'all', 'conditions': none}) %}
    {% set of_profiles = [] %}
    {% for cohort in entries %}
        {% do require_one_of('cohorts', cohort, 'match', ['all', 'any']) %}
        {% if cohort.conditions is string or cohort.conditions is mapping or not cohort.conditions %}
            {% do exceptions.raise_compiler_error("Variable cohorts, " ~ cohort.name ~ ": it needs conditions.") %}
        {% endif %}
        {% set conditions = [] %}
        {% for given in cohort.conditions %}
            {% set condition = cohort_condition(given, {'name': cohort.name ~ ', condition ' ~ loop.index}) %}
            {% if condition.profile %}
                {% do of_profiles.append(condition) %}
            {% endif %}
            {% do condition.update({'number': of_profiles | length if condition.profile else loop.index}) %}
            {% do conditions.append(condition) %}
        {% endfor %}
        {% set without_events = conditions | selectattr('holds_without_events') | list | length %}
        {% do cohort.update({
            'conditions': conditions,
            'of_events': conditions | rejectattr('profile') | list,
            'begins': without_events == conditions | length if cohort.match == 'all' else without_events > 0,
        }) %}
        {% do cohort.update({'reads_profiles': cohort.begins or conditions | selectattr('profile') | list | length > 0}) %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}

{# A condition of a cohort, checked. Of one on profiles it is not known here whether it holds. #}
{% macro cohort_condition(given, place) %}
    {% set where = "Variable cohorts, " ~ place.name ~ ": " %}
    {% set keys = ['events', 'where', 'at_least', 'at_most', 'exactly', 'days', 'negate'] %}
    {% set allowed = ['profile', 'negate'] if given is mapping and 'profile' in given else keys %}
    {% if given is not mapping or given.keys() | reject('in', allowed) | list or ('events' not in given and 'profile' not in given) %}
        {% do exceptions.raise_compiler_error(
            where ~ "it takes events, where, at_least, at_most or exactly, days and negate, or profile and negate, not " ~ given ~ "."
        ) %}
    {% endif %}
    {% set bounds = ['at_least', 'at_most', 'exactly'] | select('in', given) | list %}
    {% if bounds | length > 1 %}
        {% do exceptions.raise_compiler_error(where ~ "it takes one of at_least, at_most and exactly.") %}
    {% endif %}
    {% set bound = bounds | first | default('at_least') %}
    {% set condition = {
        'name': place.name, 'events': [], 'where': '', 'days': none, 'negate': false, 'profile': '', bound: 1,
    } %}
    {% do condition.update(given) %}
    {% if condition.negate is not boolean %}
        {% do exceptions.raise_compiler_error(where ~ "negate is neither true nor false.") %}
    {% endif %}
    {% if 'profile' in given and not (given.profile is string and given.profile) %}
        {% do exceptions.raise_compiler_error(where ~ "profile is " ~ given.profile ~ ", which is no condition.") %}
    {% endif %}
    {% if condition.days is not none %}
        {% do require_positive('cohorts', condition, 'days') %}
    {% endif %}
    {% if bound == 'at_least' %}
        {% do require_positive('cohorts', condition, 'at_least') %}
    {% elif condition[bound] is not integer or condition[bound] is boolean or condition[bound] < 0 %}
        {% do exceptions.raise_compiler_error(
            where ~ bound ~ " is " ~ condition[bound] ~ ", which is no whole number from 0 up."
        ) %}
    {% endif %}
    {% if condition.events %}
        {% do require_names('cohorts', condition, 'events') %}
    {% endif %}
    {% set holds_at_zero = bound == 'at_most' or condition[bound] == 0 %}
    {% do condition.update({
        'comparison': {'at_least': '>=', 'at_most': '<=', 'exactly': '='}[bound],
        'count': condition[bound],
        'holds_without_events': true if condition.profile else holds_at_zero != condition.negate,
    }) %}
    {{ return(condition) }}
{% endmacro %}

{% macro require_known_cohort_events() %}
    {% for cohort in cohorts() %}
        {% do require_known_events('cohorts', cohort.of_events | map(attribute='events') | sum(start=[])) %}
    {% endfor %}
{% endmacro %}

{# True for events of a condition. #}
{% macro is_of_condition(condition) -%}
    ({{ is_any_of(condition.events) }}{{ ' and coalesce((' ~ condition.where ~ '), false)' if condition.where }})
{%- endmacro %}

{# The rows of `cohort_members` of one cohort. The number of events in a window changes on two days:
   by an event on its day, and so many days later, when the window has passed it. The `number` makes
   names of CTEs that no other cohort has: Spark has one place for all of them. #}
{% macro cohort_ranges(cohort, number) %}
{% set of_events = cohort.of_events %}
{% set with_where = of_events | selectattr('where') | list | length > 0 %}
{% set windows = of_events | map(attribute='days') | select | unique | list %}
with
{% if of_events %}
counted_{{ number }} as (
    select
        user_id,
        event_date,
        {% for condition in of_events %}
            {% set number_of_events = 'count(*) filter (where ' if with_where else 'coalesce(sum(event_count) filter (where ' %}
            {{ number_of_events ~ is_of_condition(condition) ~ ')' ~ ('' if with_where else ', 0)::bigint') }} as count_{{ condition.number }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('events') if with_where else ref('user_days') }}
    where
        user_id is not null
        and (
            {% for condition in of_events %}
                {{ 'or' if not loop.first }} {{ is_of_condition(condition) }}
            {% endfor %}
        )
        and {{ when_incremental(is_affected_member()) }}
    group by
        user_id,
        event_date
),
{% endif %}

changes_{{ number }} as (
    {% if of_events %}
        {# what an event adds, and what each window takes away #}
        {% for window in [none] + windows %}
            select
                user_id,
                {{ 'event_date' if window is none else '(event_date + ' ~ window ~ ')::date' }} as change_date,
                {% for condition in of_events %}
                    {% if window is none %}
                        count_{{ condition.number }} as change_{{ condition.number }}{{ ',' if not loop.last }}
                    {% else %}
                        {{ '-count_' ~ condition.number if condition.days == window else 0 }} as change_{{ condition.number }}{{ ',' if not loop.last }}
                    {% endif %}
                {% endfor %}
            from counted_{{ number }}
            {% if window is not none %}
                where {% for condition in of_events if condition.days == window %}
                    {{ 'or' if not loop.first }} count_{{ condition.number }} > 0
                {% endfor %}
            {% endif %}
            union all
        {% endfor %}
    {% endif %}
    {% if cohort.begins %}
        -- users are counted from their first day on
        select
            user_id,
            event_date as change_date{{ ',' if of_events }}
            {% for condition in of_events %}
                0 as change_{{ condition.number }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ ref('user_activity') }}
        where previous_date is null and {{ when_incremental(is_affected_member()) }}
        union all
        select
            people.user_id,
            people.first_known_date as change_date{{ ',' if of_events }}
            {% for condition in of_events %}
                0 as change_{{ condition.number }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ ref('int_cohort_profiles') }} as people
        left join {{ ref('user_activity') }} as active
            on people.user_id = active.user_id and active.previous_date is null
        where
            active.user_id is null
            and people.first_known_date is not null
            and {{ when_incremental(is_affected_member('people.user_id')) }}
        union all
    {% endif %}
    select
        null::varchar as user_id,
        null::date as change_date{{ ',' if of_events }}
        {% for condition in of_events %}
            null::bigint as change_{{ condition.number }}{{ ',' if not loop.last }}
        {% endfor %}
    where false
),

levels_{{ number }} as (
    select
        user_id,
        change_date{{ ',' if of_events }}
        {% for condition in of_events %}
            sum(change_{{ condition.number }}) over (partition by user_id order by change_date asc) as level_{{ condition.number }}{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select
            user_id,
            change_date{{ ',' if of_events }}
            {% for condition in of_events %}
                sum(change_{{ condition.number }}) as change_{{ condition.number }}{{ ',' if not loop.last }}
            {% endfor %}
        from changes_{{ number }}
        group by
            user_id,
            change_date
    ) as changes_of_days
),

judged_{{ number }} as (
    select
        levels.user_id,
        levels.change_date,
        {% for condition in cohort.conditions %}
            {{ (' and ' if cohort.match == 'all' else ' or ') if not loop.first }}
            {{ 'not' if condition.negate }} (
                {% if condition.profile %}
                    coalesce(list_extract(people.conditions, {{ condition.number }}), false)
                {% else %}
                    levels.level_{{ condition.number }} {{ condition.comparison }} {{ condition.count }}
                {% endif %}
            )
        {% endfor %} as is_member
    from levels_{{ number }} as levels
    {% if cohort.conditions | selectattr('profile') | list %}
        left join {{ ref('int_cohort_profiles') }} as people on levels.user_id = people.user_id
    {% endif %}
),

ranges_{{ number }} as (
    select
        user_id,
        is_member,
        change_date as from_date,
        lead(change_date) over (partition by user_id order by change_date asc) as until_date
    from (
        select
            *,
            lag(is_member) over (partition by user_id order by change_date asc) as was_member
        from judged_{{ number }}
    ) as compared
    where is_member is distinct from was_member
)

select
    {{ literal(cohort.name) }} as cohort,
    user_id,
    from_date,
    until_date
from ranges_{{ number }}
where is_member
{% endmacro %}

{# True for users of whom this build replaces the rows of `cohort_members`: an event of theirs changed,
   or what conditions on profiles, or of users without events, read of them. #}
{% macro is_affected_member(column='user_id') -%}
    {{ is_affected_user_of(cohorts(), column) }}
{%- endmacro %}

{# True for users of whom an event changed, or whether they are a member of one of some cohorts. #}
{% macro is_affected_user_of(cohorts, column='user_id') -%}
    {% if cohorts | selectattr('reads_profiles') | list -%}
        (
            {{ is_affected_user(column) }}
            or {{ column }} in (select changed.user_id from {{ state_table('changed_cohort_profiles') }} as changed)
        )
    {%- else -%}
        {{ is_affected_user(column) }}
    {%- endif %}
{%- endmacro %}

{# The cohorts by which some segments are: entries of `cohorts()`. A segment by a cohort is the text
   `cohort.` with its name; any other one is not looked at. #}
{% macro cohorts_of_segments(segments) %}
    {% set all = cohorts() %}
    {% set found = [] %}
    {% for segment in segments if segment and segment.startswith('cohort.') %}
        {% set named = all | selectattr('name', 'equalto', segment[7:]) | list %}
        {% if not named %}
            {% do exceptions.raise_compiler_error(
                "There is no cohort " ~ segment[7:] ~ ", only " ~ (all | map(attribute='name') | join(', ') or 'none') ~ "."
            ) %}
        {% endif %}
        {% do found.append(named[0]) if named[0] not in found %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The cohorts by which funnels, retentions or metrics have segments. #}
{% macro cohorts_of_funnels() %}{{ return(cohorts_of_segments(funnels() | map(attribute='segment') | list)) }}{% endmacro %}
{% macro cohorts_of_retentions() %}{{ return(cohorts_of_segments(retentions() | map(attribute='segment') | list)) }}{% endmacro %}
{% macro cohorts_of_metrics() %}{{ return(insight_metrics() | map(attribute='cohorts') | sum(start=[])) }}{% endmacro %}

{# The SQL of a segment, over `events_with_cohorts`. #}
{% macro segment_value(segment) -%}
    {% set found = cohorts_of_segments([segment]) -%}
    {% if found -%}
        {% set cohort = found[0] -%}
        case when {{ cohort_column(cohort) }} then {{ literal('In ' ~ cohort.name) }} else {{ literal('Not in ' ~ cohort.name) }} end
    {%- else -%}
        {{ segment }}
    {%- endif %}
{%- endmacro %}

{% macro cohort_column(cohort) -%}
    is_in_cohort_{{ cohorts().index(cohort) + 1 }}
{%- endmacro %}

{# `events` with a column for each of some cohorts: whether the user is a member on the day of the
   event. A user has no two ranges that overlap, so no event has two rows. #}
{% macro events_with_cohorts(cohorts) -%}
    {% if cohorts -%}
    (
        select
            events.*,
            {% for cohort in cohorts %}
                of_{{ cohort_column(cohort) }}.user_id is not null as {{ cohort_column(cohort) }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ ref('events') }} as events
        {% for cohort in cohorts %}
            {% set members = 'of_' ~ cohort_column(cohort) %}
            left join (
                select
                    user_id,
                    from_date,
                    coalesce(until_date, date '9999-12-31') as until_date
                from {{ ref('cohort_members') }}
                where cohort = {{ literal(cohort.name) }}
            ) as {{ members }}
                on
                    events.user_id = {{ members }}.user_id
                    and events.event_date >= {{ members }}.from_date
                    and events.event_date < {{ members }}.until_date
        {% endfor %}
    ) as events
    {%- else -%}
        {{ ref('events') }}
    {%- endif %}
{%- endmacro %}

{# True for rows of `int_segment_days` that a build replaces. #}
{% macro is_affected_segment_user() -%}
    {{ is_affected_user() }}
    {%- for segment in segments() if segment.of == 'events' and cohorts_of_segments([segment.column]) %}
        or (dimension = {{ literal(segment.name) }} and {{ is_affected_user_of(cohorts_of_segments([segment.column])) }})
    {%- endfor %}
{%- endmacro %}
