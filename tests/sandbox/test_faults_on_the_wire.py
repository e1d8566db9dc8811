"""Faults of connection and compression, seen from a bare socket: what ASGI cannot express really happens."""

import gzip
import threading
import time
import zlib
from datetime import timedelta

import httpx
import pytest
from support.wiretap import DAY, RawAnswer, body_lines, export_path, raw_get

from mixpanel_data.sandbox import Fault, FaultKind, Sandbox

RIGHT_STATUS = b"HTTP/1.1 200 OK"


@pytest.fixture
def right(sandbox: Sandbox) -> bytes:
    """The undamaged body, plain."""
    return raw_get(sandbox, export_path()).chunks()[0]


def _spoiled(sandbox: Sandbox, kind: FaultKind, *, gzip: bool = False, **options) -> RawAnswer:
    sandbox.faults.add(Fault(kind, **options))
    return raw_get(sandbox, export_path(), gzip=gzip)


def _is_whole(compressed: bytes) -> bool:
    member = zlib.decompressobj(31)
    member.decompress(compressed)
    return member.eof


def test_reset_before_headers(sandbox):
    answer = _spoiled(sandbox, FaultKind.RESET_BEFORE_HEADERS)

    assert (answer.head, answer.was_reset) == (b"", True)
    assert sandbox.requests[-1].status is None


def test_reset_mid_body(sandbox, right):
    answer = _spoiled(sandbox, FaultKind.RESET_MID_BODY, at=0.25)

    assert answer.head.startswith(RIGHT_STATUS)
    assert answer.chunks() == (right[: len(right) // 4], False)
    assert answer.was_reset


def test_short_content_length(sandbox, right):
    answer = _spoiled(sandbox, FaultKind.SHORT_CONTENT_LENGTH)

    assert answer.headers["content-length"] == str(len(right))
    assert (answer.body, answer.was_reset) == (right[: len(right) // 2], False)


def test_missing_last_chunk(sandbox, right):
    answer = _spoiled(sandbox, FaultKind.MISSING_LAST_CHUNK, at=1.0)

    assert answer.chunks() == (right, False)
    assert not answer.was_reset


def test_close_without_length(sandbox, right):
    answer = _spoiled(sandbox, FaultKind.CLOSE_WITHOUT_LENGTH)

    assert not {"content-length", "transfer-encoding"} & set(answer.headers)
    assert (answer.body, answer.was_reset) == (right[: len(right) // 2], False)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (FaultKind.RESET_MID_BODY, httpx.ReadError),
        (FaultKind.SHORT_CONTENT_LENGTH, httpx.RemoteProtocolError),
        (FaultKind.MISSING_LAST_CHUNK, httpx.RemoteProtocolError),
        (FaultKind.RESET_BEFORE_HEADERS, httpx.ReadError),
    ],
)
def test_httpx_sees_faulty_framing(sandbox, client, day_params, kind, named):
    sandbox.faults.add(Fault(kind))

    with pytest.raises(named):
        client.get("/api/2.0/export", params=day_params)


@pytest.mark.parametrize(
    "kind", [FaultKind.CUT_GZIP, FaultKind.CLOSE_WITHOUT_LENGTH, FaultKind.TWO_GZIP_MEMBERS]
)
def test_httpx_sees_nothing_wrong_but_the_data_are_cut(sandbox, client, day_params, right, kind):
    sandbox.faults.add(Fault(kind))

    answer = client.get("/api/2.0/export", params=day_params)

    assert answer.status_code == 200
    assert right.startswith(answer.content)
    assert len(answer.content) < len(right)
    assert not answer.content.endswith(b"\n")


def test_stall_in_the_body_ends_in_the_right_body(sandbox, right):
    begun = time.monotonic()
    answer = _spoiled(sandbox, FaultKind.STALL, seconds=0.3)

    assert answer.body == right
    assert time.monotonic() - begun >= 0.3


def test_stall_before_headers(sandbox, right):
    begun = time.monotonic()
    answer = _spoiled(sandbox, FaultKind.STALL_BEFORE_HEADERS, seconds=0.3)

    assert answer.chunks() == (right, True)
    assert time.monotonic() - begun >= 0.3


def test_a_stall_can_last_until_the_test_says_so(sandbox, client, day_params, right):
    until = threading.Event()
    sandbox.faults.add(Fault(FaultKind.STALL, until=until, at=0.1))

    with client.stream("GET", "/api/2.0/export", params=day_params) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        until.set()
        rest = b"".join(pieces)

    assert len(first) < len(rest)
    assert gzip.decompress(first + rest) == right


def test_a_stall_beyond_the_read_time_out(sandbox, client, day_params):
    sandbox.faults.add(Fault(FaultKind.STALL, seconds=60))

    with pytest.raises(httpx.ReadTimeout):
        client.get("/api/2.0/export", params=day_params, timeout=0.2)


def test_slow_drip_never_pauses_long(sandbox, client, day_params, right):
    sandbox.faults.add(Fault(FaultKind.SLOW_DRIP, seconds=0.5))
    begun = time.monotonic()

    answer = client.get("/api/2.0/export", params=day_params, timeout=0.3)

    assert answer.content == right
    assert time.monotonic() - begun >= 0.4


def test_cut_gzip_within_whole_framing(sandbox, right):
    data, is_complete = _spoiled(sandbox, FaultKind.CUT_GZIP, gzip=True, at=0.7).chunks()

    assert is_complete
    assert not _is_whole(data)
    assert right.startswith(zlib.decompressobj(31).decompress(data))


def test_lost_gzip_trailer(sandbox, right):
    data, is_complete = _spoiled(sandbox, FaultKind.LOST_GZIP_TRAILER, gzip=True).chunks()

    assert is_complete
    assert not _is_whole(data)
    assert zlib.decompressobj(31).decompress(data) == right


def test_corrupt_gzip(sandbox):
    data, is_complete = _spoiled(sandbox, FaultKind.CORRUPT_GZIP, gzip=True).chunks()

    assert is_complete
    with pytest.raises(gzip.BadGzipFile, match="CRC"):
        gzip.decompress(data)


def test_two_gzip_members(sandbox, right):
    data, _ = _spoiled(sandbox, FaultKind.TWO_GZIP_MEMBERS, gzip=True).chunks()
    first = zlib.decompressobj(31)

    assert not first.decompress(data).endswith(b"\n")
    assert first.unused_data.startswith(b"\x1f\x8b")
    assert gzip.decompress(data) == right


def test_plain_instead_of_gzip(sandbox, right):
    answer = _spoiled(sandbox, FaultKind.PLAIN_INSTEAD_OF_GZIP, gzip=True)

    assert "content-encoding" not in answer.headers
    assert answer.chunks() == (right, True)


def test_false_gzip_header(sandbox, right):
    answer = _spoiled(sandbox, FaultKind.FALSE_GZIP_HEADER, gzip=True)

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.chunks() == (right, True)


def test_cut_after_newline_shows_only_in_gzip(sandbox, right):
    for options, is_whole in (({}, False), ({"sealed": True}, True)):
        kind = FaultKind.CUT_AFTER_NEWLINE
        data, is_complete = _spoiled(sandbox, kind, gzip=True, **options).chunks()
        plain = zlib.decompressobj(31).decompress(data)

        assert is_complete
        assert _is_whole(data) is is_whole
        assert right.startswith(plain)
        assert plain.endswith(b"\n")
        assert 0 < len(body_lines(plain)) < 40


def test_cut_after_newline_in_plain_text_cannot_be_seen(sandbox, right):
    data, is_complete = _spoiled(sandbox, FaultKind.CUT_AFTER_NEWLINE, at=0.3).chunks()

    assert is_complete
    assert right.startswith(data)
    assert data.endswith(b"\n")


@pytest.mark.parametrize("kind", [FaultKind.SHORT_CONTENT_LENGTH, FaultKind.MISSING_LAST_CHUNK])
def test_engage_breaks_too(sandbox, client, kind):
    sandbox.dataset.set_profile("u1", {"n": 1})
    sandbox.faults.add(Fault(kind, path="/api/query/engage"))

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/api/query/engage")


def test_faults_leave_the_server_whole(sandbox, client, day_params, right):
    for kind in FaultKind:
        sandbox.faults.add(Fault(kind, path="/api/2.0/export", seconds=0.05, size=10_000))
        raw_get(sandbox, export_path(), gzip=True)
    sandbox.faults.clear()

    assert client.get("/api/2.0/export", params=day_params).content == right


def test_a_large_body_is_reset_after_the_asked_share(mixpanel_sandbox):
    mixpanel_sandbox.dataset.add_line(DAY, b"x" * 5_000_000 + b"\n")
    answer = _spoiled(mixpanel_sandbox, FaultKind.RESET_MID_BODY)

    assert answer.was_reset
    assert len(answer.chunks()[0]) == 2_500_000


def test_a_refused_request_is_refused_as_ever(sandbox):
    tomorrow = DAY + timedelta(days=40_000)
    sandbox.faults.add(Fault(FaultKind.CUT_GZIP))

    answer = raw_get(sandbox, export_path(to_date=tomorrow))

    assert answer.head.startswith(b"HTTP/1.1 400")
    assert b"to_date cannot be later than today" in answer.body
