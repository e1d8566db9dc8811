"""What the engine is made of. Not a public interface; may import neither prefect, nor dbt, nor the
CLI."""
