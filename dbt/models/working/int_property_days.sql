{{ config(
    replaces="{{ is_changed_date() }}",
    batch_by='event_date',
) }}

-- depends_on: {{ ref('int_changed_dates') }}
{{ days_of_properties() }}
