-- noqa: disable=all
{# The CTE `clusters` (id, cluster) of the pairs in the CTE `both_ways`: ids that are linked, over any
   number of links, have the same cluster, the smallest id among them. #}
{% macro id_clusters() %}
    {{ return(adapter.dispatch('id_clusters', 'mixpanel_data')()) }}
{% endmacro %}

{# sqlfluff can't read `using key`, which keeps the one best answer for each id: linear, where a
   plain recursion keeps every pair of ids that belong together. #}
{% macro duckdb__id_clusters() -%}
-- each id takes the smallest id among its neighbours' clusters, until none of them changes
clusters (id, cluster) using key (id) as (
    select distinct one_id, one_id from both_ways
    union
    select
        both_ways.other_id,
        min(neighbours.cluster)
    from clusters as neighbours
    inner join both_ways on neighbours.id = both_ways.one_id
    inner join recurring.clusters as known on both_ways.other_id = known.id
    where neighbours.cluster < known.cluster
    group by both_ways.other_id
)
{%- endmacro %}

{# Before `identities`: what `id_clusters` needs of these links. #}
{% macro join_ids(links) %}
    {{ return(adapter.dispatch('join_ids', 'mixpanel_data')(links)) }}
{% endmacro %}

{% macro duckdb__join_ids(links) %}{% endmacro %}
