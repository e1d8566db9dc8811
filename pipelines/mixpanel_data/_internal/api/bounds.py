"""Limits on the size of a server's responses and on the time that they may take.

Each limit is a setting, named beside it and listed in docs/bounds.md. The error for a response
beyond one names the setting.
"""

from dataclasses import dataclass

from mixpanel_data._internal.text import GB, MB
from mixpanel_data.exceptions import IncompleteExportError

SPAN_SECONDS = 600.0
"""Seconds of waiting over which the lowest rate is averaged."""

ERROR_BODY = 65_536
"""Bytes that are read of the body of an error. Not a setting: at most 2,000 characters are kept."""

SPARE_MEMBERS = 1_000
"""Gzip members allowed in a body, besides one for each KiB of content. Not a setting: one is usual.
"""

NOT_RETRYABLE = frozenset(
    {"line too long", "answer too large", "too many values", "export too large", "too slow",
     "too many gzip members", "unknown encoding", "repeated page", "more profiles than total",
     "unusable session"}
)  # fmt: skip
"""Reasons of an IncompleteExportError after which a retry can't succeed."""


@dataclass(frozen=True)
class Bounds:
    """The limits. Sizes are bytes after decompression, times are seconds of waiting for the
    server."""

    line: int = 64 * MB
    """One line of an export (MP_MAX_LINE_SIZE)."""
    export: int = 100 * GB
    """One export, which is written to disk (MP_MAX_EXPORT_SIZE)."""
    answer: int = 24 * MB
    """Any other response, which is held in memory (MP_MAX_ANSWER_SIZE)."""
    values: int = 1_000_000
    """JSON values in such a response, counted by commas and opening brackets
    (MP_MAX_ANSWER_VALUES)."""
    export_seconds: float = 6 * 3600.0
    """One export (MP_MAX_EXPORT_TIME)."""
    answer_seconds: float = 900.0
    """Any other response (MP_MAX_ANSWER_TIME)."""
    lowest_rate: int = 100
    """Bytes a second of a body, averaged over ten minutes (MP_LOWEST_RATE)."""


def exceeds_limit(reason: str, explanation: str, setting: str = "") -> IncompleteExportError:
    """Return the error for a response beyond a limit; ``setting`` is the variable that raises
    it."""
    message = f"{explanation} {setting} allows more." if setting else explanation
    return IncompleteExportError(message, reason=reason, details={"setting": setting or None})
