"""Reads the ledger ``_metadata``: the days and profiles that were loaded and count."""
