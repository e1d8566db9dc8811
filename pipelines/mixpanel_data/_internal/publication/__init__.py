"""Publishes a successful build as the file that readers open."""
