"""Bring the events of a window to disk, raw, and prove them whole."""

import gzip
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast
from zoneinfo import ZoneInfo

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.inspect_lines import BadLine, inspect_lines, without
from mixpanel_data._internal.landing import Landed, LandingFolder, Reject
from mixpanel_data._internal.verify import BodyVerifier, broken
from mixpanel_data._internal.windows import Window
from mixpanel_data.exceptions import IncompleteExportError

ATTEMPTS = 3

Progress = Callable[[Window, int], None]
"""Told of a window and the bytes that have come for it since the last call."""


def land_events(
    client: MixpanelAPIClient,
    window: Window,
    folder: LandingFolder,
    zone: ZoneInfo,
    *,
    on_bytes: Progress = lambda _window, _count: None,
    suspects: Iterable[BadLine] = (),
) -> Landed:
    """The verified file of ``window``, fetched again while it comes broken, up to three times.

    A line that can't be read, not the last, is put into ``rejects`` if a second fetch brings the same line again;
    ``suspects`` are such lines of an earlier fetch.

    Raises:
        IncompleteExportError: no attempt brought a whole body; nothing of it will be loaded.
        APIError: Mixpanel refused, or could not be reached.
    """
    known = {line.raw for line in suspects}
    requests = 0
    failure = broken("never tried", "no attempt was made")
    for _ in range(ATTEMPTS):
        try:
            landed, regular = _fetch(client, window, folder, on_bytes)
        except IncompleteExportError as error:
            requests += int(error.details.get("requests") or 1)
            failure = error
            continue
        requests += landed.requests
        bad = [] if regular and not known else inspect_lines(landed.path, window, zone)
        if {line.raw for line in bad} <= known:
            lines = (
                landed.lines
                if regular and not bad
                else without(landed.path, {line.number for line in bad})
            )
            rejects = tuple(Reject(line.number, line.text, line.reason) for line in bad)
            return replace(landed, lines=lines, requests=requests, rejects=rejects).save()
        known |= {line.raw for line in bad}
        failure = _malformed(bad)
        folder.set_aside(landed.path, "malformed line")
    raise _for_window(failure, window, requests)


def _fetch(
    client: MixpanelAPIClient, window: Window, folder: LandingFolder, on_bytes: Progress
) -> tuple[Landed, bool]:
    """The file as it came, and whether all its lines look like objects."""
    path = folder.path_for("events", window)
    part = path.with_name(path.name + ".part")
    started, fetched_at = time.monotonic(), datetime.now(UTC)
    requests = 1
    try:
        with client.export(window.first, window.last) as stream:
            requests = stream.requests
            compressed = stream.content_encoding == "gzip"
            verifier = BodyVerifier(compressed=compressed)
            size = 0
            with closing(_sink(part, compressed=compressed)) as sink:
                for chunk in stream.iter_raw():
                    sink.write(chunk)
                    verifier.feed(chunk)
                    size += len(chunk)
                    on_bytes(window, len(chunk))
        proof = verifier.finish()
    except IncompleteExportError as error:
        folder.set_aside(part, error.reason)
        error.details["requests"] = requests
        raise
    if not size:
        part.write_bytes(gzip.compress(b""))  # no events: DuckDB wants a gzip file even so
    part.replace(path)
    landed = Landed(
        path=path, kind="events", window=window, lines=proof.lines, size=size, requests=requests,
        fetched_at=fetched_at, duration_seconds=time.monotonic() - started,
    )  # fmt: skip
    return landed, proof.regular


def _sink(part: Path, *, compressed: bool) -> IO[bytes]:
    """A file that takes wire bytes. What came uncompressed is compressed here, so that all files are alike."""
    return (
        part.open("wb") if compressed else cast(IO[bytes], gzip.open(part, "wb", compresslevel=1))
    )


def _malformed(bad: list[BadLine]) -> IncompleteExportError:
    shown = "; ".join(f"line {line.number}: {line.reason}" for line in bad[:3])
    return broken("malformed line", f"{len(bad)} lines can't be read ({shown})")


def _for_window(
    error: IncompleteExportError, window: Window, requests: int
) -> IncompleteExportError:
    return IncompleteExportError(
        f"{ATTEMPTS} attempts were made; the last one: {error.details.get('explanation', error.reason)}",
        reason=error.reason,
        from_date=window.first,
        to_date=window.last,
        details={"requests": requests},
    )
