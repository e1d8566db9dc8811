"""Decides which events and profiles to fetch, and in which requests. Pure functions."""
