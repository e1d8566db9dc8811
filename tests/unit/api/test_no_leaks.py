"""Promise 8: the secret is in no log, URL, error, repr or trace, and goes to no other host."""

import base64
import html
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx
import pytest
from support.scripted_server import Answer, ScriptedServer, http

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.transform.dbt_process import dbt_environment
from mixpanel_data.exceptions import MixpanelDataError

from .conftest import CANARY, Connect

DAY = date(2026, 1, 1)
PAIR = base64.b64encode(f"sa.canary:{CANARY}".encode()).decode()
SPELLINGS = {
    "plain": CANARY,
    "in JSON": json.dumps(CANARY)[1:-1],
    "in JSON, not ASCII": json.dumps(CANARY, ensure_ascii=False)[1:-1],
    "in a URL": quote(CANARY, safe=""),
    "in a form": quote_plus(CANARY),
    "in HTML": html.escape(CANARY),
    "basic": PAIR,
    "basic, bare": PAIR.rstrip("="),
    "basic, in a URL": quote(PAIR, safe=""),
    "alone in base64": base64.b64encode(CANARY.encode()).decode(),
}
ALL = list(SPELLINGS.values())
BODIES: dict[str, str | dict[str, object]] = {
    "text": "you sent " + " or ".join(ALL),
    "JSON": {"error": CANARY, "echo": {spelling: [spelling] for spelling in ALL}},
    "nested JSON": json.dumps({"error": json.dumps({"key": CANARY, "pair": PAIR})}),
}
ECHOES = {
    f"{status} {name}": http(status, body)
    for status in (206, 400, 401, 402, 403, 404, 429, 500)
    for name, body in BODIES.items()
}
FAILURES: dict[str, bytes | Answer] = {
    **ECHOES,
    "long": http(500, "x" * 1990 + CANARY + "x" * 1000),
    "escaped": http(400, '{"error": "' + "".join(f"\\u{ord(c):04x}" for c in CANARY) + '"}'),
    "redirect": http(302, Location=f"https://elsewhere.example/{quote(CANARY)}?a={PAIR}"),
    "redirect with user": http(302, Location=f"https://sa.canary:{quote(CANARY)}@elsewhere.example"),
    "no answer": b"",
    "half an answer": Answer(http(200, b"{}", Content_Length="99"), "reset"),
    "no page": http(200, {"error": f"no, {CANARY}"}),
    "no JSON": http(200, CANARY),
    "odd encoding": http(200, b"", Content_Encoding=quote(CANARY)),
}  # fmt: skip


def export(client: MixpanelAPIClient) -> None:
    with client.export(DAY, DAY) as stream:
        b"".join(stream.iter_raw())


def engage(client: MixpanelAPIClient) -> None:
    list(client.engage_pages(where='properties["x"] == "y"'))


def me(client: MixpanelAPIClient) -> None:
    client.me()


def shown(error: MixpanelDataError) -> str:
    """All that may become of an error: its text, its data, its trace, its pickle."""
    trace = "".join(traceback.format_exception(error))
    data = json.dumps(error.to_dict(), ensure_ascii=False)
    return "\n".join([str(error), repr(error), data, trace, str(pickle.dumps(error))])


def assert_clean(text: str) -> None:
    for name, spelling in SPELLINGS.items():
        assert spelling not in text, name


@pytest.mark.parametrize("call", [export, engage, me])
@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_promise_8_no_error_and_no_log_shows_the_secret(
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    answer: bytes | Answer,
    call: Callable[[MixpanelAPIClient], None],
) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(*[answer] * 4) as server:
        client = connect(server.base_url)
        try:
            call(client)
        except MixpanelDataError as error:
            assert_clean(shown(error))

    assert f"Basic {PAIR}" in server.asked[0].head
    assert PAIR not in server.asked[0].target
    # On DEBUG httpcore prints an answer's headers, so all that a server puts into them.
    logged = [line for line in caplog.messages if "receive_response_headers.complete" not in line]
    assert any("send_request_headers" in line for line in logged)
    assert_clean("\n".join(logged))


def test_promise_8_a_secret_in_what_is_asked_for_is_redacted_too(connect: Connect) -> None:
    with (
        ScriptedServer(http(400), http(400)) as server,
        pytest.raises(MixpanelDataError) as posted,
    ):
        list(connect(server.base_url).engage_pages(where=f'properties["x"] == "{CANARY}"'))
    with pytest.raises(MixpanelDataError) as got, connect().export(DAY, DAY, where=CANARY):
        pass

    for error in (posted.value, got.value):
        assert_clean(json.dumps(error.to_dict(), ensure_ascii=False))


@pytest.mark.parametrize("call", [export, engage, me])
@pytest.mark.parametrize(
    "answer", [http(401), http(503), http(302), b"", Answer(http(200, "{", Content_Length="9"))]
)
def test_promise_8_no_trace_shows_the_secret_even_with_local_variables(
    connect: Connect, answer: bytes | Answer, call: Callable[[MixpanelAPIClient], None]
) -> None:
    with ScriptedServer(*[answer] * 4) as server, pytest.raises(MixpanelDataError) as caught:
        call(connect(server.base_url))

    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(trace.format())
    assert "self = " in text
    assert_clean(text)


def test_promise_8_nothing_prints_the_secret(connect: Connect, credentials: Credentials) -> None:
    client = connect()

    assert_clean(f"{client!r} {client._requester!r} {vars(client)!r} {credentials!r}")


def test_promise_8_dbt_does_not_get_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_USERNAME", "sa")
    monkeypatch.setenv("MP_SECRET", CANARY)

    given = dbt_environment(Path("scratch"), {})

    assert not {"MP_USERNAME", "MP_SECRET"} & given.keys()
    assert CANARY not in given.values()


def test_promise_8_a_redirect_takes_the_credentials_nowhere(connect: Connect) -> None:
    with ScriptedServer(http(200, {"results": []})) as other:
        away = [http(s, Location=f"{other.base_url}/api") for s in (301, 302, 303, 307, 308)]
        for call in (export, engage, me):
            with ScriptedServer(*away) as server:
                for _ in away:
                    with pytest.raises(MixpanelDataError):
                        call(connect(server.base_url))

    assert other.asked == []


def test_promise_8_a_client_that_was_handed_in_follows_no_redirects_either(
    credentials: Credentials,
) -> None:
    with (
        ScriptedServer(http(200)) as other,
        ScriptedServer(http(302, Location=other.base_url)) as server,
        httpx.Client(follow_redirects=True) as http_client,
        MixpanelAPIClient(
            credentials, base_url=server.base_url, _http_client=http_client
        ) as client,
        pytest.raises(MixpanelDataError),
    ):
        export(client)

    assert other.asked == []


def test_promise_8_plain_http_passes_no_proxy_of_the_environment(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(http(200, {})) as proxy, ScriptedServer(http(200, {})) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("ALL_PROXY", proxy.base_url)
        connect(server.base_url).me()

    assert proxy.asked == []
    assert len(server.asked) == 1
