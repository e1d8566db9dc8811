"""The sections of the report: one module for each queries the published tables."""
