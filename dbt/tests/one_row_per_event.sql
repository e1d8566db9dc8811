-- Each event is there once by Mixpanel's own rule. Only what this build made anew is tried: cost follows the change.
select
    event,
    time,
    coalesce(json_extract_string(properties, '/$distinct_id_before_identity'), distinct_id) as sent_for,
    insert_id,
    count(*) as rows_found
from {{ ref('events') }}
where insert_id <> '' and {{ is_changed('time') }}
group by all
having count(*) > 1
