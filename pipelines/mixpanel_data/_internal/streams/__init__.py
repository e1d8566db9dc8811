"""The data that can be fetched, and its parts: windows of days, event filters, profile sets."""
