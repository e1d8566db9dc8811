-- noqa: disable=layout.indent,layout.long_lines
{# The CTE `spans`: the first and the last interval of return, and the list of those that the
   retention shows. The last one may be later than what is shown: it is what makes an earlier
   interval count as "in this or a later one". #}
{% macro retention_spans() %}
spans as (
    select
        returns.retention,
        returns.user_id,
        returns.cohort_start,
        min(returns.interval_number) as first_return,
        max(returns.interval_number) as last_return,
        list(returns.interval_number order by returns.interval_number asc)
            filter (where returns.interval_number <= definitions.intervals) as returned_in,
        -- with their intervals, by which the sums are in the same order
        list_sort(
            list([returns.interval_number::double, returns.value_sum])
                filter (where returns.interval_number <= definitions.intervals and returns.value_sum is not null),
            'asc',
            'nulls last'
        ) as value_sums
    from returns
    inner join definitions on returns.retention = definitions.retention
    group by
        returns.retention,
        returns.user_id,
        returns.cohort_start
)
{% endmacro %}
