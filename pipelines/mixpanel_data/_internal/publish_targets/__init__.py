"""Copies the publication into other stores: PostgreSQL, and Parquet files on a disk or in a bucket."""
