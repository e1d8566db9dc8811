"""The user's project: where it is, which dbt project it builds, and the variables set there."""
