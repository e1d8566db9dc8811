"""The version of dbt-spark that the adapter goes with."""

version = "1.11.0"
