"""The data folder: its paths, its lock, its rights, and errors of the machine."""
