"""The first half of a run: plan and land. It loads nothing."""
