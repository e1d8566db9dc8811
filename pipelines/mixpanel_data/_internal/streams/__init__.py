"""What can be asked for, and in which slices: windows of days, event filters, sets of profiles."""
