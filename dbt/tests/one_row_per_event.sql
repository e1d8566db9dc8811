-- depends_on: {{ ref('int_refetched_ranges') }}
-- Each event exists once by Mixpanel's own rule. A build tests what it rebuilt, `dbt test` all
-- rows.
select
    event,
    time,
    coalesce(json_extract_string(properties, '/$distinct_id_before_identity'), distinct_id) as sent_for,
    insert_id,
    count(*) as rows_found
from {{ ref('events') }}
where insert_id <> '' and {{ 'true' if tests_all_rows() else is_in_refetched_range('time') }}
group by all
having count(*) > 1
