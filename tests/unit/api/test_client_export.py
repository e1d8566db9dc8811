"""The raw export: what is asked, the bytes untouched, and breaks that are named, never mended."""

import gzip
import json
import zlib
from datetime import date
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.scripted_server import Answer, Asked, ScriptedServer, gzipped, http

from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data.exceptions import ConfigError, IncompleteExportError

from .conftest import Connect

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 3)
LINES = b"".join(
    json.dumps({"event": "\u2028 \u0085", "n": n}, ensure_ascii=False).encode() + b"\n"
    for n in range(500)
)


def asked_for(asked: Asked) -> dict[str, str]:
    query = parse_qs(urlsplit(asked.target).query, strict_parsing=True)
    return {name: value for name, [value] in query.items()}


def test_a_plain_export_asks_for_gzip_milliseconds_and_the_project(connect: Connect) -> None:
    with (
        ScriptedServer(http(200)) as server,
        connect(server.base_url).export(FIRST, LAST) as stream,
    ):
        assert list(stream.iter_raw()) == []

    [asked] = server.asked
    assert asked.target.startswith("/api/2.0/export?")
    assert asked.head.startswith("GET ")
    assert "\r\naccept-encoding: gzip\r\n" in asked.head.lower()
    assert asked_for(asked) == {
        "project_id": "12345",
        "from_date": "2026-01-01",
        "to_date": "2026-01-03",
        "time_in_ms": "true",
    }


def test_filters_are_spelled_as_mixpanel_wants_them(connect: Connect) -> None:
    with ScriptedServer(http(200), http(200)) as server:
        client = connect(server.base_url)
        where = 'properties["a&b"] == "é"'
        with client.export(FIRST, LAST, events=["Signed up", "Ü"], where=where, limit=10):
            pass
        with client.export(FIRST, LAST, events="Bare"):
            pass

    many, one = map(asked_for, server.asked)
    assert (many["event"], many["where"], many["limit"]) == ('["Signed up", "Ü"]', where, "10")
    assert one["event"] == '["Bare"]'


def test_an_empty_list_of_events_is_refused_before_it_means_all(connect: Connect) -> None:
    with (
        pytest.raises(ConfigError, match="events is empty"),
        connect().export(FIRST, LAST, events=[]),
    ):
        pass


@pytest.mark.parametrize("framing", ["length", "close"])
def test_the_bytes_of_the_wire_are_handed_on_untouched(connect: Connect, framing: str) -> None:
    with (
        ScriptedServer(gzipped(LINES, length=framing == "length")) as server,
        connect(server.base_url).export(FIRST, LAST) as stream,
    ):
        raw = b"".join(stream.iter_raw())

    assert stream.content_encoding == "gzip"
    assert stream.headers["Content-Encoding"] == "gzip"
    assert stream.requests == 1
    assert gzip.decompress(raw) == LINES


def test_small_bodies_come_as_they_are(connect: Connect) -> None:
    with (
        ScriptedServer(http(200, LINES)) as server,
        connect(server.base_url).export(FIRST, LAST) as stream,
    ):
        assert stream.content_encoding == "identity"
        assert b"".join(stream.iter_raw()) == LINES


def test_an_encoding_that_was_not_asked_for_is_refused(connect: Connect) -> None:
    with (
        ScriptedServer(http(200, LINES, Content_Encoding="br")) as server,
        pytest.raises(IncompleteExportError, match="unknown encoding"),
        connect(server.base_url).export(FIRST, LAST),
    ):
        pass


def test_a_cut_gzip_in_whole_framing_reaches_the_reader_as_it_is(connect: Connect) -> None:
    # httpx itself sees nothing wrong here; the lander checks the trailer.
    with (
        ScriptedServer(gzipped(LINES, cut=9)) as server,
        connect(server.base_url).export(FIRST, LAST) as stream,
    ):
        inflate = zlib.decompressobj(wbits=31)
        inflate.decompress(b"".join(stream.iter_raw()))

    assert not inflate.eof


@pytest.mark.parametrize(
    "faulty",
    [
        Answer(http(200, LINES, Content_Length="99999")),
        Answer(http(200, b"6\r\n{}\n{}\n\r\n", length=False, Transfer_Encoding="chunked")),
        Answer(http(200, LINES, Content_Length="99999"), then="reset"),
    ],
    ids=["shorter than announced", "no final chunk", "reset"],
)
def test_a_break_after_the_first_byte_is_named_and_never_retried(
    connect: Connect, faulty: Answer
) -> None:
    with (
        ScriptedServer(faulty, http(200, LINES)) as server,
        pytest.raises(IncompleteExportError) as caught,
        connect(server.base_url).export(FIRST, LAST) as stream,
    ):
        b"".join(stream.iter_raw())

    assert caught.value.reason == "connection lost"
    assert (caught.value.from_date, caught.value.to_date) == ("2026-01-01", "2026-01-03")
    assert len(server.asked) == 1


def test_silence_is_named_a_stall(connect: Connect) -> None:
    stalled = Answer(http(200, LINES, Content_Length="99999"), then="stall")
    with (
        ScriptedServer(stalled) as server,
        pytest.raises(IncompleteExportError) as caught,
        connect(server.base_url, export_read_timeout=0.1).export(FIRST, LAST) as stream,
    ):
        b"".join(stream.iter_raw())

    assert caught.value.reason == "stalled"


def test_leaving_early_closes_the_connection_without_reading_on(connect: Connect) -> None:
    endless = Answer(http(200, LINES, Content_Length="999999999"), then="stall")
    with ScriptedServer(endless) as server, connect(server.base_url).export(FIRST, LAST) as stream:
        assert next(stream.iter_raw())


@pytest.mark.parametrize(
    ("region", "host"),
    [("us", "data.mixpanel.com"), ("eu", "data-eu.mixpanel.com"), ("in", "data-in.mixpanel.com")],
)
def test_each_region_has_its_export_host(
    credentials: Credentials, connect: Connect, region: str, host: str
) -> None:
    urls = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url.copy_with(query=None)))
        return httpx.Response(200)

    moved = credentials.model_copy(update={"region": region})
    client = type(connect())(moved, _transport=httpx.MockTransport(answer))
    with client, client.export(FIRST, LAST):
        pass

    assert urls == [f"https://{host}/api/2.0/export"]
