"""GET /api/2.0/export: raw events, one JSON object a line."""

import json
from collections.abc import Iterator
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.bodies import DaysBody, LinesBody, rechunk
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.expressions import EventSubject, Predicate, parse
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.records import in_seconds

MAX_LIMIT = 100_000
GZIP_ABOVE = 1_400  # bytes of plain body


def export(request: Request) -> Response:
    """Return the events of whole days, unordered. Without any event: 200 with an empty body."""
    project: Project = request.app.state.project
    body = _body(project, request.query_params)
    if body.size == 0:
        return Response(media_type="text/plain")
    if body.size > GZIP_ABOVE and accepts_gzip(request.headers.get("accept-encoding", "")):
        return _stream(body.gzipped(), {"Content-Encoding": "gzip"})
    return _stream(body.plain(), {})


def accepts_gzip(accept_encoding: str) -> bool:
    """Return True if an ``Accept-Encoding`` header has gzip with a weight above 0."""
    offered = accept_encoding.lower().split(",")
    codings = {item.split(";")[0].strip() for item in offered if "q=0" not in item.split(";")[1:]}
    return "gzip" in codings


def _body(project: Project, fields: params.Fields) -> DaysBody | LinesBody:
    first, last = params.date_range(fields, project.today)
    limit = params.integer(fields, "limit")
    if limit is not None and limit > MAX_LIMIT:
        raise RefusedError(400, f"limit cannot be over {MAX_LIMIT}")
    names = params.json_list(fields, "event")
    where = parse(fields["where"]) if fields.get("where") else None
    time_in_ms = params.boolean(fields, "time_in_ms", default=False)
    if limit is None and names is None and where is None:
        return project.dataset.body(first, last, time_in_ms=time_in_ms)
    lines = project.dataset.lines(first, last)
    kept = islice(_matching(project, lines, names, where), limit)
    return LinesBody([line if time_in_ms else in_seconds(line) for line in kept])


def _matching(
    project: Project, lines: Iterator[bytes], names: list[str] | None, where: Predicate | None
) -> Iterator[bytes]:
    """Yield the lines of the named events that match ``where``; an invalid line matches nothing."""
    wanted = None if names is None else set(names)
    for line in lines:
        subject = _subject(line, project)
        if subject is None or (wanted is not None and subject.name not in wanted):
            continue
        if where is None or where(subject):
            yield line


def _subject(line: bytes, project: Project) -> EventSubject | None:
    try:
        record = json.loads(line)
        name, properties = record["event"], record["properties"]
    except (ValueError, LookupError, TypeError):
        return None
    if not (isinstance(name, str) and isinstance(properties, dict)):
        return None
    return EventSubject(name, properties, project.dataset.profile)


def _stream(pieces: Iterator[bytes], headers: dict[str, str]) -> Response:
    return StreamingResponse(rechunk(pieces), media_type="text/plain", headers=headers)
