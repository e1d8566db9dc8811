{{ config(
    materialized='replaced_rows',
    meta={
        'replaces': "{{ is_refetched_date() }}",
        'batch_by': 'event_date',
    },
    schema='working',
) }}

-- depends_on: {{ ref('int_refetched_dates') }}
{{ days_of_properties() }}
