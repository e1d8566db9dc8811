{# Delete what is about to be rebuilt. A day that lost its events becomes empty. #}
{% macro delete_refetched_ranges() %}
    {% if is_incremental() %}
        delete from {{ this }}
        using {{ ref('int_refetched_ranges') }} as changed
        where {{ this }}.time >= changed.range_start and {{ this }}.time < changed.range_end
    {% endif %}
{% endmacro %}
