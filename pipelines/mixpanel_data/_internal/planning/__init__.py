"""Which events and profiles to ask for, in which requests. Pure functions."""
