{# For models of your own: the rows that this build has to rebuild. Described in
   for_own_models.yml. Such a model may be one of another project, where dbt looks up neither the
   macros nor the models of this one unprefixed. #}
{% macro changed_dates() -%}
    {# events have their users and sessions once this model was built #}
    {%- do ref('mixpanel_data', 'sessions') -%}
    {{ mixpanel_data.affected_dates() }}
{%- endmacro %}

{% macro day_has_changes(column='event_date') -%}
    {{ column }} in ({{ mixpanel_data.changed_dates() }})
{%- endmacro %}

{% macro user_has_changes(column='user_id') -%}
    {%- do ref('mixpanel_data', 'sessions') -%}
    {{ mixpanel_data.is_affected_user(column) }}
{%- endmacro %}

{# The condition while a table keeps its rows; another one while it is built from scratch. #}
{% macro when_incremental(condition, at_first='true') -%}
    {{ condition if mixpanel_data.is_incremental() else at_first }}
{%- endmacro %}

{# Warn about models of your own that may be built before the events have their users and
   sessions. #}
{% macro warn_about_early_readers(required) %}
    {% set readers = [] %}
    {% for id in required if 'model.mixpanel_data.events' in graph.nodes[id].depends_on.nodes %}
        {% if is_own(graph.nodes[id]) %}
            {% do readers.append(id) %}
        {% endif %}
    {% endfor %}
    {% for id in readers | reject('in', with_descendants(['model.mixpanel_data.sessions']) if readers else []) %}
        {% do exceptions.warn(
            graph.nodes[id].name ~ ' may be built before the events of this run have their user_id and session_id. '
            ~ 'Add a line to it: -- depends_on: {{ ref(\'mixpanel_data\', \'sessions\') }}'
        ) %}
    {% endfor %}
{% endmacro %}

{# True for a model that is not of this project: of another one, or put beside ours in a clone. #}
{% macro is_own(node) %}
    {{ return(node.package_name != 'mixpanel_data' or node.fqn[1] not in ['staging', 'intermediate', 'marts']) }}
{% endmacro %}
