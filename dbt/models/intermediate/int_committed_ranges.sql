{{ event_ranges(only_new=false) }}
