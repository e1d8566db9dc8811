-- depends_on: {{ ref('stg_mixpanel__fetches') }}
-- Each range of time has as many raw rows as its newest fetch recorded. Rows and ledger are written
-- in one transaction, so this includes loads that were never completed. A build tests what was
-- fetched since the last one, `dbt test` all days.
with newest as (
    select
        range_start,
        range_end,
        max({{ in_order_of_loads() }}) as place,
        max_by(row_count, {{ in_order_of_loads() }}) as row_count,
        max_by(load_id, {{ in_order_of_loads() }}) as load_id
    from {{ fetches() }}
    where table_name = 'events'
    group by
        range_start,
        range_end
),

fetched as (
    select newest.*
    from newest
    -- days of another zone took some of its rows since
    anti join newest as later
        on
            newest.range_start < later.range_end
            and newest.range_end > later.range_start
            and newest.place < later.place
    {% if not tests_all_rows() %}
        where not {{ is_built('newest.load_id') }}
    {% endif %}
),

-- counted by minute before the join, since a range join of few minutes is faster than one of all
-- rows; no range begins or ends within a minute
minutes as (
    select
        date_trunc('minute', time) as minute_start,
        count(*) as found_rows
    from {{ source('mixpanel', 'events') }} -- on Spark, the staging table has only some days
    where
        time >= (select min(fetched.range_start) from fetched)
        and time < (select max(fetched.range_end) from fetched)
    group by all
)

select
    fetched.range_start,
    fetched.range_end,
    fetched.row_count,
    coalesce(sum(minutes.found_rows), 0) as found_rows
from fetched
left join minutes
    on
        fetched.range_start <= minutes.minute_start
        and fetched.range_end > minutes.minute_start
group by
    fetched.range_start,
    fetched.range_end,
    fetched.row_count
having found_rows <> fetched.row_count
