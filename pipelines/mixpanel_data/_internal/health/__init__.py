"""Checks of the machine, the data folder and the schedule, for ``mp doctor``."""
