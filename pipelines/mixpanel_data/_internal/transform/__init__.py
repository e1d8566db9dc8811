"""The build: dbt as a process of its own."""
