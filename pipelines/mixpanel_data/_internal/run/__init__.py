"""What every step of a run shares: its context, its report, its progress."""
