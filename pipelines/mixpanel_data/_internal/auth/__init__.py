"""Credentials, and the file of named accounts."""
