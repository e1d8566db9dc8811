"""Mixpanel's own reports, asked for now: one module for each."""
