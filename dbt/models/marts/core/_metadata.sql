-- Built last, whatever else there is: it marks what this file has caught up with, so that a build that
-- failed is done again.
-- depends_on: {{ ref('events') }}
-- depends_on: {{ ref('profiles') }}
-- depends_on: {{ ref('_rejected') }}
select * from {{ ref('stg_mixpanel__fetches') }}
