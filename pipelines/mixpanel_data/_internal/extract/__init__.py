"""The first half of a run: plan and fetch. It loads nothing."""
