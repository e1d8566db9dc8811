"""The delivery of a response, correct and faulty."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mixpanel_data.sandbox.bodies import rechunk
from mixpanel_data.sandbox.calls import Call
from mixpanel_data.sandbox.faults.kinds import FaultKind
from mixpanel_data.sandbox.faults.plan import Options
from mixpanel_data.sandbox.wire import Connection

_DRIPS = 20
_POLL_SECONDS = 0.01
_SETTLE_SECONDS = 0.05  # lets the client's system read what was sent before a reset throws it away


@dataclass
class Answer:
    """A 200 response to send over ``connection``."""

    headers: Mapping[str, str]
    body: bytes
    call: Call
    scope: Scope
    receive: Receive
    send: Send
    connection: Connection


async def whole(answer: Answer, _options: Options) -> None:
    """Send the response correctly."""
    await _regular(answer, answer.body)


async def _reset_before_headers(answer: Answer, _options: Options) -> None:
    answer.connection.reset()
    await _until_disconnected(answer.receive)


async def _reset_mid_body(answer: Answer, options: Options) -> None:
    await _head(answer, {"Transfer-Encoding": "chunked"})
    await _chunk(answer, _share(answer, options))
    while answer.connection.pending():
        await asyncio.sleep(_POLL_SECONDS)
    await asyncio.sleep(_SETTLE_SECONDS)
    answer.connection.reset()
    await _until_disconnected(answer.receive)


async def _short_content_length(answer: Answer, options: Options) -> None:
    await _head(answer, {"Content-Length": str(len(answer.body))})
    await _raw(answer, _share(answer, options))
    await _finish(answer)


async def _missing_last_chunk(answer: Answer, options: Options) -> None:
    await _head(answer, {"Transfer-Encoding": "chunked"})
    await _chunk(answer, _share(answer, options))
    await _finish(answer)


async def _close_without_length(answer: Answer, options: Options) -> None:
    await _head(answer, {"Connection": "close"})
    await _raw(answer, _share(answer, options))
    await _finish(answer)


async def _stall_before_headers(answer: Answer, options: Options) -> None:
    if await _silence(answer.receive, options):
        await _regular(answer, answer.body)


async def _stall(answer: Answer, options: Options) -> None:
    first = _share(answer, options)
    await _head(answer, {"Content-Length": str(len(answer.body)), "Connection": "close"})
    await _raw(answer, first)
    if await _silence(answer.receive, options):
        await _raw(answer, answer.body[len(first) :])
        await _finish(answer)


async def _slow_drip(answer: Answer, options: Options) -> None:
    size = max(1, -(-len(answer.body) // _DRIPS))
    await _head(answer, {"Transfer-Encoding": "chunked", "Connection": "close"})
    for start in range(0, len(answer.body), size):
        if not await _silence(answer.receive, Options(seconds=options.seconds / _DRIPS)):
            return
        await _chunk(answer, answer.body[start : start + size])
    await answer.connection.write(b"0\r\n\r\n")
    await _finish(answer)


async def _regular(answer: Answer, body: bytes) -> None:
    response: Response = StreamingResponse(rechunk(iter([body])), headers=dict(answer.headers))
    if not body:
        response = Response(headers=dict(answer.headers))
    await response(answer.scope, answer.receive, answer.send)


async def _head(answer: Answer, framing: Mapping[str, str]) -> None:
    lines = [f"{name}: {value}" for name, value in {**answer.headers, **framing}.items()]
    answer.call.status = 200
    await answer.connection.write("\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode())


async def _chunk(answer: Answer, data: bytes) -> None:
    if data:  # an empty chunk would be the last one
        await _raw(answer, b"%x\r\n%b\r\n" % (len(data), data))


async def _raw(answer: Answer, data: bytes) -> None:
    answer.call.bytes_sent += len(data)
    await answer.connection.write(data)


async def _finish(answer: Answer) -> None:
    answer.connection.finish()
    await _until_disconnected(answer.receive)


def _share(answer: Answer, options: Options) -> bytes:
    return answer.body[: int(len(answer.body) * options.at)]


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _silence(receive: Receive, options: Options) -> bool:
    """Wait as long as the fault requires; return False if the client disconnected meanwhile."""
    disconnected = asyncio.ensure_future(_until_disconnected(receive))
    try:
        over = asyncio.get_running_loop().time() + options.seconds
        while not disconnected.done() and not _is_over(options.until, over):
            await asyncio.wait([disconnected], timeout=_POLL_SECONDS)
        return not disconnected.done()
    finally:
        disconnected.cancel()


def _is_over(until: threading.Event | None, over: float) -> bool:
    return until.is_set() if until else asyncio.get_running_loop().time() >= over


DELIVERIES: dict[FaultKind, Callable[[Answer, Options], Awaitable[None]]] = {
    FaultKind.RESET_BEFORE_HEADERS: _reset_before_headers,
    FaultKind.RESET_MID_BODY: _reset_mid_body,
    FaultKind.SHORT_CONTENT_LENGTH: _short_content_length,
    FaultKind.MISSING_LAST_CHUNK: _missing_last_chunk,
    FaultKind.CLOSE_WITHOUT_LENGTH: _close_without_length,
    FaultKind.STALL_BEFORE_HEADERS: _stall_before_headers,
    FaultKind.STALL: _stall,
    FaultKind.SLOW_DRIP: _slow_drip,
}
