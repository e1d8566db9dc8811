"""Own your Mixpanel data: complete, repeatable extraction into DuckDB, modelled by dbt."""
