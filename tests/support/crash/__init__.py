"""Processes that are killed at a chosen step, and what the next run has to find."""
