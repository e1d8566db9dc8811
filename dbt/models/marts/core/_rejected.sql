select * from {{ ref('stg_mixpanel__rejected') }}
