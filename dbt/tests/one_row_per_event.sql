-- depends_on: {{ ref('int_refetched_ranges') }}
-- Each event is there once by Mixpanel's own rule. A build looks at what it rebuilt, `dbt test` at all rows.
select
    event,
    time,
    coalesce(json_extract_string(properties, '/$distinct_id_before_identity'), distinct_id) as sent_for,
    insert_id,
    count(*) as rows_found
from {{ ref('events') }}
where insert_id <> '' and {{ 'true' if flags.WHICH == 'test' else is_in_refetched_range('time') }}
group by all
having count(*) > 1
