"""Fetched bodies on their way to a table or to an iterator."""
