"""The dashboard of the published tables: boards read by SQL, a marimo app that shows them, and the
same as one HTML file; and a dashboard to import into Apache Superset.

The boards know nothing of marimo, which is an optional library.
"""
