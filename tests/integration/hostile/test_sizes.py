"""Answers that swell: a named error, at a cost in memory and time that does not follow what they swell to."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.scripted_server import ScriptedServer, http

from mixpanel_data._internal.api.bounds import NOT_RETRYABLE

MEGABYTES = 300
"""Of the whole process, Python and its libraries included."""

GZIP = 31


def bomb(piece: bytes, times: int, *, head: bytes = b"", tail: bytes = b"") -> bytes:
    """Gzip of ``piece`` many times over, between ``head`` and ``tail``."""
    packer = zlib.compressobj(9, wbits=GZIP)
    packed = [packer.compress(head), *(packer.compress(piece) for _ in range(times))]
    return b"".join([*packed, packer.compress(tail), packer.flush()])


def layers(body: bytes, count: int) -> bytes:
    for _ in range(count):
        body = gzip.compress(body)
    return body


MIB = b"a" * 2**20
ZIPPED = {"Content_Encoding": "gzip"}
ONE_LINE = bomb(MIB, 1024, head=b'{"event": "x", "properties": {"time": 1773100800000, "a": "')
ANSWER = bomb(MIB, 1024, head=b'{"page": 0, "session_id": "s", "results": [{"$distinct_id": "')
NESTED = bomb(b"[" * 2**20, 64)
OBJECTS = bomb(b"{}," * 2**18, 30, head=b'{"page": 0, "page_size": 1, "results": [', tail=b"{}]}")
WIDE = '{"results": [{"$distinct_id": "🎉'.encode() + b"a" * 23_000_000 + b'"}]}'
MEMBERS = gzip.compress(b"") * 300_000
EMPTY_BLOCKS = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 8_000_000

HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "an export of one line of a gigabyte": ("export", http(200, ONE_LINE, **ZIPPED), "line too long"),
    "an export of 300,000 empty members": ("export", http(200, MEMBERS, **ZIPPED), "too many gzip members"),
    "an export in three layers": ("export", http(200, layers(b"x", 3), Content_Encoding="gzip, gzip, gzip"), "unknown encoding"),
    "a page of a gigabyte": ("engage", http(200, ANSWER, **ZIPPED), "answer too large"),
    "a page of 300,000 empty members": ("engage", http(200, MEMBERS, **ZIPPED), "too many gzip members"),
    "a page of ten million empty profiles": ("engage", http(200, OBJECTS, **ZIPPED), "too many values"),
    "a page of wide characters": ("engage", http(200, WIDE), "no session for the next page"),
    "a page of blocks without content": ("engage", http(200, EMPTY_BLOCKS, **ZIPPED), "answer too large"),
    "a report of a gigabyte": ("query", http(200, ANSWER, **ZIPPED), "answer too large"),
    "a report of brackets": ("query", http(200, NESTED, **ZIPPED), "answer too large"),
    "an account in three layers": ("me", http(200, layers(b"{}", 3), Content_Encoding="gzip,gzip,gzip"), "unknown encoding"),
}  # fmt: skip
REFUSED = {
    "in three layers": http(400, layers(bomb(MIB, 1024), 2), Content_Encoding="gzip, gzip, gzip"),
    "of a gigabyte": http(400, bomb(MIB, 1024), **ZIPPED),
    "of 300,000 empty members": http(400, MEMBERS, **ZIPPED),
    "that never ends": http(400, b"x" * 40_000_000, length=False),
    "in another coding": http(400, b"\x8b\x00\x80x\x03", Content_Encoding="br"),
}

Asked = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(("what", "answer", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_what_swells_is_a_named_error_within_the_promise_for_memory(
    asked: Asked, what: str, answer: bytes, reason: str
) -> None:
    with ScriptedServer(answer, answer, answer, answer) as server:
        found = asked(server.base_url, what)

    assert found["error"]["details"]["reason"] == reason
    assert found["megabytes"] < MEGABYTES
    assert found["seconds"] < 15
    assert len(server.asked) == (1 if reason in NOT_RETRYABLE else 3)


@pytest.mark.parametrize("what", ["export", "engage", "me"])
@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_an_error_body_that_swells_costs_nothing(asked: Asked, answer: bytes, what: str) -> None:
    with ScriptedServer(answer) as server:
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
