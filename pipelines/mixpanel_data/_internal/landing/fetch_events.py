"""Bring the events of a window to disk, raw, and prove them whole."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mixpanel_data._internal import clock
from mixpanel_data._internal.api.bounds import NOT_RETRYABLE
from mixpanel_data._internal.api.exchange import About, add_request_context, request_context_of
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.data_folder.private_files import create_private
from mixpanel_data._internal.landing.body_verifier import BodyVerifier, broken
from mixpanel_data._internal.landing.files import Landed, LandingFolder, Reject
from mixpanel_data._internal.landing.invalid_lines import (
    BadLine,
    inspect_lines,
    longest_line,
    without,
)
from mixpanel_data._internal.streams.event_filter import EVERYTHING, EventFilter
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import IncompleteExportError

ATTEMPTS = 3

Progress = Callable[[Window, int], None]
"""Told of a window and the bytes that have come for it since the last call."""


def land_events(
    client: MixpanelAPIClient,
    window: Window,
    folder: LandingFolder,
    zone: Zone,
    *,
    on_bytes: Progress = lambda _window, _count: None,
    suspects: Iterable[BadLine] | None = None,
    only: EventFilter = EVERYTHING,
) -> Landed:
    """The verified file of ``window``, fetched again while it comes broken, up to three times.

    ``suspects`` are the lines that could not be read of an earlier fetch, one that would not load.
    Then every line is inspected: one that can't be read and is among them is proven to be what
    Mixpanel has, and put into ``rejects``.

    Raises:
        IncompleteExportError: no attempt brought a whole body; nothing of it will be loaded.
        APIError: Mixpanel refused, or could not be reached.
    """
    known = None if suspects is None else {line.raw for line in suspects}
    requests = 0
    failure = broken("never tried", "no attempt was made")
    for _ in range(ATTEMPTS):
        try:
            landed, about = _fetch(client, window, folder, on_bytes, only)
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
                bad = inspect_lines(landed.path, window, zone)
        except IncompleteExportError as error:
            folder.set_aside(landed.path, error.reason)
            raise for_window(error, window, requests=requests) from None
        unreadable = [line for line in bad if line.repaired is None]
        if {line.raw for line in unreadable} <= known:
            return set_apart(landed, bad).save()
        known |= {line.raw for line in unreadable}
        failure = _malformed(unreadable, about)
        folder.set_aside(landed.path, "malformed line")
    raise for_window(failure, window, requests=requests, attempts=ATTEMPTS)


def set_apart(landed: Landed, bad: Sequence[BadLine]) -> Landed:
    """``landed`` with its ``bad`` lines repaired in the file, or removed from it, and kept in
    ``rejects``."""
    lines = without(landed.path, bad)
    rejects = tuple(Reject(line.number, line.text, line.reason) for line in bad)
    # A repaired line may be longer: the escape of a control character has six bytes.
    return replace(
        landed, lines=lines, raw_size=landed.path.stat().st_size, rejects=rejects,
        largest_object=max(landed.largest_object, longest_line(landed.path)),
    )  # fmt: skip


def _fetch(
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
                # Kept inflated: it had to be inflated to prove it, and DuckDB reads it on all cores
                # so.
                file.writelines(verifier.feed(chunk))
                size += len(chunk)
                on_bytes(window, len(chunk))
            file.write(verifier.rest())
            proof = verifier.finish()
    except IncompleteExportError as error:
        folder.set_aside(part, error.reason)
        error.details["requests"] = requests
        raise
    part.replace(path)
    landed = Landed(
        path=path, kind="events", window=window, lines=proof.lines, size=size, requests=requests,
        fetched_at=client.clock.earliest(fetched_at), duration_seconds=time.monotonic() - started,
        raw_size=proof.raw_bytes, largest_object=proof.longest_line, filter_hash=only.hash,
    )  # fmt: skip
    return landed, stream.about


def _malformed(bad: list[BadLine], about: About) -> IncompleteExportError:
    shown = "; ".join(f"line {line.number}: {line.reason}" for line in bad[:3])
    explanation = f"{len(bad)} lines can't be read ({shown})."
    return IncompleteExportError(
        explanation, reason="malformed line", details={"explanation": explanation}, **about()
    )


def for_window(
    error: IncompleteExportError, window: Window, *, requests: int = 0, attempts: int = 1
) -> IncompleteExportError:
    """``error`` as one of the days of ``window``, after so many attempts and ``requests`` not
    counted elsewhere."""
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
