"""The engine. Not a public interface. It must not import prefect, dbt or the CLI."""
