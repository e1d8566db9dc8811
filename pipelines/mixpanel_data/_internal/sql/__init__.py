"""SQL text that several packages share: literals, and how DuckDB reads landed lines."""
