"""Processes that ask the request budget."""
