"""Defaults that the job and the command line share.

Imports nothing, since ``mp --help`` shows them and must not import the job.
"""

LOCK_WAIT_SECONDS = 10.0
"""Seconds to wait for another process that works in the same data folder."""
