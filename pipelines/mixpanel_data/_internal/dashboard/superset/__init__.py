"""A dashboard to import into Apache Superset: YAML files in a zip, in version 1 of its export form."""
