"""Fetched files that are loaded into a table or read by an iterator."""
