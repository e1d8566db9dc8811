"""The commands of ``mp``: one module for each command or group."""
