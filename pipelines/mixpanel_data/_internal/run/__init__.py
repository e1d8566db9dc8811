"""The context of a run, its report, its progress, and its connection."""
