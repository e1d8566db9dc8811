"""The kinds of faults."""

from enum import StrEnum


class FaultKind(StrEnum):
    """The faults of the sandbox. Unless described otherwise, the HTTP framing is complete and the
    status 200."""

    # The connection and the HTTP framing.
    RESET_BEFORE_HEADERS = "reset_before_headers"  # RST instead of an answer
    RESET_MID_BODY = "reset_mid_body"  # RST after the share `at` of the body
    SHORT_CONTENT_LENGTH = "short_content_length"  # fewer bytes than announced, then FIN
    MISSING_LAST_CHUNK = "missing_last_chunk"  # chunked, cut, FIN without the last chunk
    CLOSE_WITHOUT_LENGTH = (
        "close_without_length"  # neither length nor chunks; the cut body ends with FIN
    )
    STALL_BEFORE_HEADERS = (
        "stall_before_headers"  # silence for `seconds` or until `until`, then the right answer
    )
    STALL = "stall"  # the same, after the share `at` of the body
    SLOW_DRIP = "slow_drip"  # the right body in small pieces over `seconds`

    # The compression.
    CUT_GZIP = "cut_gzip"  # the gzip stream ends after the share `at`
    LOST_GZIP_TRAILER = "lost_gzip_trailer"  # all data, but not the end of the gzip stream
    CORRUPT_GZIP = "corrupt_gzip"  # the check sum at the end is wrong
    TWO_GZIP_MEMBERS = (
        "two_gzip_members"  # the right data in two gzip members, the border inside a line
    )
    PLAIN_INSTEAD_OF_GZIP = "plain_instead_of_gzip"  # the right body, never compressed
    FALSE_GZIP_HEADER = "false_gzip_header"  # a plain body that claims to be gzip

    # The lines.
    TERMINATED_EARLY = "terminated_early"  # the share `at` of the lines, then the line `text`
    HALF_LAST_LINE = (
        "half_last_line"  # the last line lacks its second half; works on JSON answers too
    )
    CUT_AFTER_NEWLINE = (
        "cut_after_newline"  # the share `at` of the lines; gzip without its end unless `sealed`
    )
    MALFORMED_MIDDLE_LINE = (
        "malformed_middle_line"  # the line in the middle lacks its second half, or is `text`
    )
    SPLIT_RECORD = "split_record"  # a line break inside the line in the middle
    HUGE_LINE = "huge_line"  # the event in the middle is `size` bytes long, and whole

    # The content as a whole.
    HTML_200 = "html_200"
    ERROR_OBJECT_200 = "error_object_200"
    EMPTY_BODY = "empty_body"
    WRONG_CONTENT_TYPE = "wrong_content_type"  # the right body as application/octet-stream
    NO_CHARSET = "no_charset"  # the right body, its content type without a character set

    # Refusals.
    STATUS_402 = "status_402"
    STATUS_403 = "status_403"
    STATUS_429 = "status_429"  # with Retry-After only if `retry_after` is given
    STATUS_500 = "status_500"
    STATUS_502 = "status_502"
    STATUS_503 = "status_503"
    STATUS_504 = "status_504"
    REDIRECT = "redirect"  # 302 to `location`

    # Engage.
    SESSION_EXPIRED = "session_expired"  # every cached result is forgotten, and the page refused
    TOTAL_MOVES = "total_moves"  # `total` is one higher than it should be
    DUPLICATE_PROFILE = (
        "duplicate_profile"  # the page ends with a profile of the page before instead of its own
    )


ENGAGE_KINDS = frozenset(
    {FaultKind.SESSION_EXPIRED, FaultKind.TOTAL_MOVES, FaultKind.DUPLICATE_PROFILE}
)
LATER_PAGE_KINDS = frozenset({FaultKind.SESSION_EXPIRED, FaultKind.DUPLICATE_PROFILE})
