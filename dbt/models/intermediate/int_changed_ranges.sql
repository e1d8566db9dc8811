{{ event_ranges(only_new=true) }}
