"""Damage to the content, before it is compressed and sent."""

import json
from collections.abc import Callable
from typing import Any

from mixpanel_data.sandbox.faults.kinds import FaultKind
from mixpanel_data.sandbox.faults.plan import Options
from mixpanel_data.sandbox.records import encode_json

Damage = Callable[[bytes, Options], bytes]


def _terminated_early(body: bytes, options: Options) -> bytes:
    text = options.text or "terminated early"
    return first_lines(body, options.at) + text.encode() + b"\n"


def _half_last_line(body: bytes, _options: Options) -> bytes:
    start = body.rstrip(b"\n").rfind(b"\n") + 1
    return body[: (start + len(body)) // 2]


def _cut_after_newline(body: bytes, options: Options) -> bytes:
    return first_lines(body, options.at)


def _malformed_middle_line(body: bytes, options: Options) -> bytes:
    def half(line: bytes) -> bytes:
        return line[: len(line) // 2] if options.text is None else options.text.encode()

    return _change_middle_line(body, half)


def _split_record(body: bytes, _options: Options) -> bytes:
    def split(line: bytes) -> bytes:
        middle = len(line) // 2
        return line[:middle] + b"\n" + line[middle:]

    return _change_middle_line(body, split)


def _huge_line(body: bytes, options: Options) -> bytes:
    def enlarge(line: bytes) -> bytes:
        record = json.loads(line)
        record["properties"]["blob"] = "x" * max(0, options.size - len(line) - len(',"blob":""'))
        return encode_json(record)

    return _change_middle_line(body, enlarge)


def _total_moves(body: bytes, _options: Options) -> bytes:
    page = _page(body)
    if "total" in page:
        page["total"] += 1
    return encode_json(page)


def first_lines(body: bytes, share: float) -> bytes:
    """Return the whole lines in the first ``share`` of the body."""
    if share >= 1:
        return body
    return body[: body.rfind(b"\n", 0, int(len(body) * share)) + 1]


def repeat_last_profile(body: bytes, page_before: bytes) -> bytes:
    """Replace the last profile of a page by the last one of the page before: one twice, one
    missing."""
    page, before = _page(body), _page(page_before)["results"]
    if page["results"] and before:
        page["results"][-1] = before[-1]
    return encode_json(page)


def _change_middle_line(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    lines = body.split(b"\n")
    middle = (len(lines) - 1) // 2
    if lines[middle]:
        lines[middle] = change(lines[middle])
    return b"\n".join(lines)


def _page(body: bytes) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(body)
    return page


DAMAGES: dict[FaultKind, Damage] = {
    FaultKind.TERMINATED_EARLY: _terminated_early,
    FaultKind.HALF_LAST_LINE: _half_last_line,
    FaultKind.CUT_AFTER_NEWLINE: _cut_after_newline,
    FaultKind.MALFORMED_MIDDLE_LINE: _malformed_middle_line,
    FaultKind.SPLIT_RECORD: _split_record,
    FaultKind.HUGE_LINE: _huge_line,
    FaultKind.TOTAL_MOVES: _total_moves,
}
