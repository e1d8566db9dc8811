"""Fetches the events of a window to disk, unparsed, and verifies that they are complete."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from mixpanel_data._internal import clock
from mixpanel_data._internal.api.bounds import NOT_RETRYABLE
from mixpanel_data._internal.api.exchange import About, add_request_context, request_context_of
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.data_folder.private_files import create_private
from mixpanel_data._internal.landing.body_verifier import BodyVerifier, incomplete_export
from mixpanel_data._internal.landing.files import Landed, LandingFolder
from mixpanel_data._internal.landing.invalid_lines import (
    BadLine,
    find_invalid_lines,
    reject_lines,
)
from mixpanel_data._internal.streams.event_filter import EVERYTHING, EventFilter
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import IncompleteExportError

ATTEMPTS = 3
"""Fetches of one window, or reads of one profile set, before giving up."""

Progress = Callable[[Window, int], None]
"""Called with a window and the bytes received for it since the last call."""


def fetch_window(
    client: MixpanelAPIClient,
    window: Window,
    folder: LandingFolder,
    zone: Zone,
    *,
    on_bytes: Progress = lambda _window, _count: None,
    suspects: Iterable[BadLine] | None = None,
    only: EventFilter = EVERYTHING,
) -> Landed:
    """Fetch ``window`` into a verified file, up to three times while the body is incomplete.

    ``suspects`` are the unreadable lines of an earlier fetch that could not be loaded. If given,
    every line is validated: an unreadable line that is among them was received twice, so it is
    what Mixpanel stores, and is added to ``rejects``.

    Raises:
        IncompleteExportError: if no attempt returned a complete body; none of it will be loaded.
        APIError: if Mixpanel rejected the request or could not be reached.
    """
    known = None if suspects is None else {line.raw for line in suspects}
    requests = 0
    failure = incomplete_export("never tried", "no attempt was made")
    for _ in range(ATTEMPTS):
        try:
            landed, about = _fetch_once(client, window, folder, on_bytes, only)
        except IncompleteExportError as error:
            requests += int(error.details.get("requests") or 1)
            failure = error
            if error.reason in NOT_RETRYABLE:
                break
            continue
        requests += landed.requests
        landed = replace(landed, requests=requests)
        if known is None:
            return landed.save()
        try:
            with add_request_context(about):
                bad = find_invalid_lines(landed.path, window, zone)
        except IncompleteExportError as error:
            folder.quarantine(landed.path, error.reason)
            raise error_for_window(error, window, requests=requests) from None
        unreadable = [line for line in bad if line.repaired is None]
        if {line.raw for line in unreadable} <= known:
            return reject_lines(landed, bad).save()
        # A line that was unreadable once may have been damaged on the way, so it is refetched
        # to see whether it recurs.
        known |= {line.raw for line in unreadable}
        failure = _malformed(unreadable, about)
        folder.quarantine(landed.path, "malformed line")
    raise error_for_window(failure, window, requests=requests, attempts=ATTEMPTS)


def _fetch_once(
    client: MixpanelAPIClient,
    window: Window,
    folder: LandingFolder,
    on_bytes: Progress,
    only: EventFilter,
) -> tuple[Landed, About]:
    path = folder.path_for("events", window, only.hash)
    part = path.with_name(path.name + ".part")
    started, fetched_at = time.monotonic(), clock.now()
    requests, size = 1, 0
    try:
        answer = client.export(
            window.first, window.last, events=only.events or None, where=only.where
        )
        with answer as stream, create_private(part) as file:
            requests = stream.requests
            verifier = BodyVerifier(
                compressed=stream.content_encoding == "gzip",
                secret=stream.secret,
                bounds=stream.bounds,
            )
            for chunk in stream.iter_raw():
                # Stored decompressed: verification decompresses it anyway, and DuckDB reads it with
                # all cores then.
                file.writelines(verifier.feed(chunk))
                size += len(chunk)
                on_bytes(window, len(chunk))
            file.write(verifier.remaining())
            proof = verifier.finish()
    except IncompleteExportError as error:
        folder.quarantine(part, error.reason)
        error.details["requests"] = requests
        raise
    part.replace(path)
    landed = Landed(
        path=path, kind="events", window=window, lines=proof.lines, size=size, requests=requests,
        fetched_at=client.clock.earliest(fetched_at), duration_seconds=time.monotonic() - started,
        raw_size=proof.raw_bytes, largest_object=proof.longest_line, filter_hash=only.hash,
        request=stream.request,
    )  # fmt: skip
    return landed, stream.about


def _malformed(bad: list[BadLine], about: About) -> IncompleteExportError:
    shown = "; ".join(f"line {line.number}: {line.reason}" for line in bad[:3])
    explanation = f"{len(bad)} lines can't be read ({shown})."
    return IncompleteExportError(
        explanation, reason="malformed line", details={"explanation": explanation}, **about()
    )


def error_for_window(
    error: IncompleteExportError, window: Window, *, requests: int = 0, attempts: int = 1
) -> IncompleteExportError:
    """Return ``error`` for the days of ``window``, with its attempts and ``requests``.

    ``requests`` counts those that are counted nowhere else.
    """
    explanation = str(error.details.get("explanation") or error.reason)
    if attempts > 1 and error.reason not in NOT_RETRYABLE:
        explanation = f"{attempts} attempts were made; the last one: {explanation}"
    return IncompleteExportError(
        explanation,
        reason=error.reason,
        from_date=window.first,
        to_date=window.last,
        details={"requests": requests},
        **request_context_of(error),
    )
