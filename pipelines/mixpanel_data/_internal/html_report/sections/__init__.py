"""The sections of the report: one module queries the published tables for each."""
