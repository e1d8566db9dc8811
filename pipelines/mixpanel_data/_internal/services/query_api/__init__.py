"""Calls of Mixpanel's query API: their arguments and responses."""
