"""The data folder: its paths, lock and permissions, and translated operating-system errors."""
