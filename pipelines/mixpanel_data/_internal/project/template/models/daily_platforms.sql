-- An example: one row per day and operating system. A build replaces only the rows of days whose
-- events changed since the last one: days that were refetched, and days of users who were
-- merged.
{{ config(
    materialized='replaced_rows',
    meta={'replaces': "{{ mixpanel_data.day_has_changes() }}"},
) }}

select
    event_date,
    coalesce(os, 'unknown') as os,
    count(*) as event_count,
    count(distinct user_id) as users
from {{ ref('mixpanel_data', 'events') }}
where {{ mixpanel_data.when_incremental(mixpanel_data.day_has_changes()) }}
group by all
