"""Mixpanel's own reports, queried live: one module for each."""
