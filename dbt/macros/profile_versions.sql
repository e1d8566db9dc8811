-- noqa: disable=layout.indent
{# True for profiles that were added, changed or deleted by a load this file has not caught up with.
   Loads change the raw table whether or not they are committed, so all of the ledger is read.
   `of` is the raw table, `key` the columns that identify a profile in it, `column` their names
   in the query. #}
{% macro is_changed_profile(of='profiles', key='distinct_id', column=none) -%}
    {% set new_loads %}
        select load_id, fetched_at
        from {{ source('mixpanel', '_metadata') }}
        where table_name = '{{ of }}' and not {{ is_built() }}
    {% endset -%}
    ({{ column or key }}) in (
        select ({{ key }}) from {{ source('mixpanel', '_' ~ of ~ '_history') }}
        where load_id in (select load_id from ({{ new_loads }}))
        union all
        select ({{ key }}) from (
            select * from {{ source('mixpanel', of) }}
            union all by name
            select null::varchar as load_id where false
        )
        where
            load_id in (select load_id from ({{ new_loads }}))
            -- rows that version 0.1.0 wrote name no load
            or load_id is null and valid_from in (select fetched_at from ({{ new_loads }}))
    )
{%- endmacro %}

{# One row per version of the profiles in a raw table, the current ones and those before them. #}
{% macro profile_versions(of='profiles', key='distinct_id') %}
with versions as (
    select
        {{ key }},
        valid_from,
        valid_to,
        is_deleted,
        properties
    from {{ source('mixpanel', '_' ~ of ~ '_history') }}
    union all
    select
        {{ key }},
        valid_from,
        null as valid_to,
        false as is_deleted,
        properties
    from {{ source('mixpanel', of) }}
),

opened as (
    select
        *,
        json_keys(properties) as keys,
        json_extract(properties, '$.*') as contents
    from versions
    where {{ when_incremental(is_changed_profile(of, key)) }}
),

compared as (
    select
        *,
        lag(keys) over earlier as former_keys,
        lag(contents) over earlier as former_contents,
        lead(valid_from) over earlier is null as is_latest
    from opened
    window earlier as (partition by {{ key }} order by valid_from asc)
)

select
    {{ key }},
    valid_from,
    valid_to,
    valid_to is null as is_current,
    is_latest,
    is_deleted,
    case when former_keys is not null then list_sort(list_filter(
        list_distinct(list_concat(keys, former_keys)),
        lambda key: list_extract(contents, list_position(keys, key))
            is distinct from list_extract(former_contents, list_position(former_keys, key))
    ), 'asc', 'nulls last') end as changed_keys,
    properties
from compared
{% endmacro %}

{# True for profiles of which `profiles` is rebuilt: they changed, belong to another user, or
   the activity of their user changed. #}
{% macro is_affected_profile(column='distinct_id') -%}
    (
        {{ is_changed_profile(column=column) }}
        or {{ column }} in (
            select built.distinct_id
            from {{ this }} as built
            left join {{ ref('identities') }} as resolved on built.distinct_id = resolved.distinct_id
            where
                built.user_id <> coalesce(resolved.user_id, built.distinct_id)
                or {{ is_affected_user('built.user_id') }}
        )
    )
{%- endmacro %}
