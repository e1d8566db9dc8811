"""Answers that swell: a named error, at a cost in memory and time that does not follow what they swell to."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from support.scripted_server import ScriptedServer, http

from mixpanel_data._internal.api.bounds import NOT_RETRYABLE

MEGABYTES = 300
"""Of the whole process, Python and its libraries included."""

GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
RAW_DEFLATE = -15


@cache
def bomb(piece: bytes, times: int, *, head: bytes = b"", tail: bytes = b"") -> bytes:
    """Gzip of ``piece`` many times over, between ``head`` and ``tail``."""
    packer = zlib.compressobj(9, wbits=RAW_DEFLATE)

    def packed(data: bytes) -> bytes:
        # After a full flush the same input gives the same output, so that `piece` is compressed once.
        return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)

    blocks = packed(head) + packed(piece) * times + packer.compress(tail) + packer.flush()
    checksum = zlib.crc32(head)
    for _ in range(times):
        checksum = zlib.crc32(piece, checksum)
    size = len(head) + len(piece) * times + len(tail)
    footer = (zlib.crc32(tail, checksum), size % 2**32)
    return GZIP_HEADER + blocks + b"".join(number.to_bytes(4, "little") for number in footer)


def layers(body: bytes, count: int) -> bytes:
    for _ in range(count):
        body = gzip.compress(body)
    return body


MIB = b"a" * 2**20
ZIPPED = {"Content_Encoding": "gzip"}


def one_line() -> bytes:
    return bomb(MIB, 1024, head=b'{"event": "x", "properties": {"time": 1773100800000, "a": "')


def page_of_a_gigabyte() -> bytes:
    return bomb(MIB, 1024, head=b'{"page": 0, "session_id": "s", "results": [{"$distinct_id": "')


def empty_profiles() -> bytes:
    head = b'{"page": 0, "page_size": 1, "results": ['
    return bomb(b"{}," * 2**18, 30, head=head, tail=b"{}]}")


def wide_characters() -> bytes:
    return '{"results": [{"$distinct_id": "🎉'.encode() + b"a" * 23_000_000 + b'"}]}'


def empty_members() -> bytes:
    return gzip.compress(b"") * 300_000


def empty_blocks() -> bytes:
    return gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 8_000_000


def zipped(body: Callable[[], bytes]) -> Callable[[], bytes]:
    return lambda: http(200, body(), **ZIPPED)


# Made when a test runs: pytest imports this file in every worker.
HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "an export of one line of a gigabyte": ("export", zipped(one_line), "line too long"),
    "an export of 300,000 empty members": ("export", zipped(empty_members), "too many gzip members"),
    "an export in three layers": ("export", lambda: http(200, layers(b"x", 3), Content_Encoding="gzip, gzip, gzip"), "unknown encoding"),
    "a page of a gigabyte": ("engage", zipped(page_of_a_gigabyte), "answer too large"),
    "a page of 300,000 empty members": ("engage", zipped(empty_members), "too many gzip members"),
    "a page of ten million empty profiles": ("engage", zipped(empty_profiles), "too many values"),
    "a page of wide characters": ("engage", lambda: http(200, wide_characters()), "no session for the next page"),
    "a page of blocks without content": ("engage", zipped(empty_blocks), "answer too large"),
    "a report of a gigabyte": ("query", zipped(page_of_a_gigabyte), "answer too large"),
    "a report of brackets": ("query", zipped(lambda: bomb(b"[" * 2**20, 64)), "answer too large"),
    "an account in three layers": ("me", lambda: http(200, layers(b"{}", 3), Content_Encoding="gzip,gzip,gzip"), "unknown encoding"),
}  # fmt: skip
REFUSED: dict[str, Callable[[], bytes]] = {
    "in three layers": lambda: http(
        400, layers(bomb(MIB, 1024), 2), Content_Encoding="gzip, gzip, gzip"
    ),
    "of a gigabyte": lambda: http(400, bomb(MIB, 1024), **ZIPPED),
    "of 300,000 empty members": lambda: http(400, empty_members(), **ZIPPED),
    "that never ends": lambda: http(400, b"x" * 40_000_000, length=False),
    "in another coding": lambda: http(400, b"\x8b\x00\x80x\x03", Content_Encoding="br"),
}

Asked = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(("what", "answer", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_what_swells_is_a_named_error_within_the_promise_for_memory(
    asked: Asked, what: str, answer: Callable[[], bytes], reason: str
) -> None:
    body = answer()
    with ScriptedServer(body, body, body, body) as server:
        found = asked(server.base_url, what)

    assert found["error"]["details"]["reason"] == reason
    assert found["megabytes"] < MEGABYTES
    assert found["seconds"] < 15
    assert len(server.asked) == (1 if reason in NOT_RETRYABLE else 3)


@pytest.mark.parametrize("what", ["export", "engage", "me"])
@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_an_error_body_that_swells_costs_nothing(
    asked: Asked, answer: Callable[[], bytes], what: str
) -> None:
    with ScriptedServer(answer()) as server:
        found = asked(server.base_url, what)

    assert found["error"]["code"] == "QUERY_FAILED"
    assert found["megabytes"] < MEGABYTES / 2
    assert found["seconds"] < 5


def lines() -> Iterator[bytes]:
    for n in range(3):
        yield b'{"event": "e%d", "properties": {"time": 1773100800000, "a": "%s"}}\n' % (
            n,
            b"b" * 5000,
        )


@pytest.mark.parametrize("bound", ["line", "export"])
def test_a_bound_that_was_moved_counts(asked: Asked, bound: str) -> None:
    body = b"".join(lines())
    answers = [http(200, gzip.compress(body), **ZIPPED)] * 2
    size = len(body) if bound == "export" else 5_100
    with ScriptedServer(*answers) as server:
        within = asked(server.base_url, "export", **{bound: size})
        beyond = asked(
            server.base_url, "export", **{bound: size - 100 if bound == "line" else size - 1}
        )

    assert within["error"] is None
    assert f"MP_MAX_{bound.upper()}_SIZE" in beyond["error"]["message"]


def test_many_members_with_content_are_one_body(asked: Asked) -> None:
    body = b"".join(map(gzip.compress, lines())) * 2_000
    with ScriptedServer(http(200, body, **ZIPPED)) as server:
        assert asked(server.base_url, "export")["error"] is None
