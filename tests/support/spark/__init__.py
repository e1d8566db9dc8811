"""Apache Spark with Iceberg out of wheels, and the models on it."""
