{# What an incremental model of your own asks: which of its rows it has to make anew. See own_models.yml. #}
{% macro changed_dates() -%}
    {# events have their users and sessions once this model was built #}
    {%- do ref('sessions') -%}
    {{ touched_dates() }}
{%- endmacro %}

{% macro has_changed_events(column='event_date') -%}
    {{ column }} in ({{ changed_dates() }})
{%- endmacro %}

{% macro is_affected_user(column='user_id') -%}
    {%- do ref('sessions') -%}
    {{ is_touched_user(column) }}
{%- endmacro %}

{# Warns of models of your own that may be built before the events have their users and sessions. #}
{% macro warn_of_early_readers(required) %}
    {% set readers = [] %}
    {% for id in required if 'model.mixpanel_data.events' in graph.nodes[id].depends_on.nodes %}
        {% set node = graph.nodes[id] %}
        {% set folders_of_ours = ['staging', 'intermediate', 'working', 'marts'] %}
        {% if node.package_name != 'mixpanel_data' or node.fqn[1] not in folders_of_ours %}
            {% do readers.append(id) %}
        {% endif %}
    {% endfor %}
    {% for id in readers | reject('in', with_descendants(['model.mixpanel_data.sessions']) if readers else []) %}
        {% do exceptions.warn(
            graph.nodes[id].name ~ ' may be built before the events of this run have their user_id and session_id. '
            ~ 'Add a line to it: -- depends_on: {{ ref(\'sessions\') }}'
        ) %}
    {% endfor %}
{% endmacro %}
