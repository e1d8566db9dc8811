"""Fetches profiles to disk, one a line: one session of pages, complete or not at all."""

import re
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mixpanel_data._internal import clock
from mixpanel_data._internal.api.bounds import NOT_RETRYABLE
from mixpanel_data._internal.api.exchange import (
    add_request_context,
    request_context_of,
    request_of,
)
from mixpanel_data._internal.api_client import EngagePage, MixpanelAPIClient
from mixpanel_data._internal.data_folder.private_files import create_private
from mixpanel_data._internal.landing.body_verifier import incomplete_export
from mixpanel_data._internal.landing.fetch_events import ATTEMPTS
from mixpanel_data._internal.landing.files import Landed, LandingFolder
from mixpanel_data._internal.landing.invalid_lines import BadLine
from mixpanel_data._internal.landing.invalid_profiles import find_invalid_profiles, reject_profiles
from mixpanel_data._internal.landing.profile_pages import PageCollector
from mixpanel_data._internal.streams.profile_sets import ProfileRead
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import IncompleteExportError


@dataclass(frozen=True)
class ProfileFetcher:
    """How to fetch profiles; ``page_size`` None means Mixpanel's default.

    ``output_properties`` None fetches all properties of each profile.
    """

    client: MixpanelAPIClient
    folder: LandingFolder
    page_size: int | None = None
    output_properties: Sequence[str] | None = None
    on_page: Callable[[EngagePage], None] = lambda _page: None
    max_pages: int | None = None
    """A read that needs more pages ends with its first."""


def fetch_profile_set(
    fetcher: ProfileFetcher,
    read: ProfileRead,
    *,
    known: int = 0,
    suspects: Iterable[BadLine] | None = None,
) -> Landed:
    """Read profiles into a verified file, from page 0 up to three times while they are incomplete.

    Pages of two sessions are never mixed. A read that is complete but suspicious is repeated, too,
    and accepted if it recurs: a count that changed, or fewer than half of the
    ``known`` profiles.

    ``suspects`` are the unreadable profiles of an earlier read that could not be loaded. If given,
    every profile is validated: an unreadable profile that is among them is what Mixpanel stores,
    and goes to ``rejects``.

    Raises:
        IncompleteExportError: if no attempt returned all profiles that Mixpanel counted; none will
            be loaded.
        RateLimitError: if it would take more requests than are permitted; one was sent.
        APIError: if Mixpanel rejected the request or could not be reached.
    """
    tracker = _SuspectTracker(suspects)
    requests = 0
    failure = incomplete_export("never tried", "no attempt was made")
    for _ in range(ATTEMPTS):
        pages = PageCollector(known, max_pages=fetcher.max_pages)
        try:
            with add_request_context(lambda: pages.about()):  # noqa: B023  (called before the next attempt)
                landed = tracker.accept_or_raise(_fetch_once(fetcher, read, pages), pages)
            return replace(landed, requests=requests + pages.requests).save()
        except IncompleteExportError as error:
            requests += pages.requests
            failure = error
            # Its frames refer to the last page, which would be kept in memory beside those of the
            # next attempt.
            traceback.clear_frames(error.__traceback__)
            if error.reason in NOT_RETRYABLE:
                break
    raise _final_error(failure, read, requests)


class _SuspectTracker:
    """Remembers what was suspicious in the reads so far; what recurs is accepted."""

    def __init__(self, suspects: Iterable[BadLine] | None) -> None:
        self._inspect = suspects is not None
        self._seen: set[str | bytes] = {line.raw for line in suspects or ()}

    def accept_or_raise(self, landed: Landed, pages: PageCollector) -> Landed:
        """Return ``landed`` without its unreadable profiles.

        Raises:
            IncompleteExportError: if anything suspicious did not occur before.
        """
        bad = find_invalid_profiles(landed.path) if self._inspect else []
        inconsistency = pages.inconsistency()
        unreadable = [line for line in bad if line.repaired is None]
        suspicious: set[str | bytes] = {line.raw for line in unreadable}
        suspicious |= {inconsistency} if inconsistency else set()
        if suspicious <= self._seen:
            return reject_profiles(landed, bad) if bad else landed
        self._seen |= suspicious
        landed.discard()
        raise (
            incomplete_export("inconsistent pages", inconsistency)
            if inconsistency
            else _malformed(unreadable)
        )


def _fetch_once(fetcher: ProfileFetcher, read: ProfileRead, pages: PageCollector) -> Landed:
    started, fetched_at = time.monotonic(), clock.now()
    window = Window(fetched_at.date(), fetched_at.date())
    name = re.sub(r"[^A-Za-z0-9_-]", "_", read.filter_hash)
    path = fetcher.folder.path_for(read.of.kind, window, name)
    part = path.with_name(path.name + ".part")
    with create_private(part) as file:
        for page in fetcher.client.engage_pages(
            where=read.where,
            output_properties=fetcher.output_properties,
            page_size=fetcher.page_size,
            data_group_id=read.of.data_group_id,
            cohort_id=read.cohort_id,
        ):
            pages.write(page, file)
            fetcher.on_page(page)
    pages.require_complete()
    part.replace(path)
    return Landed(
        path=path, kind=read.of.kind, window=window, lines=pages.profiles, size=pages.size,
        requests=pages.requests, fetched_at=fetcher.client.clock.earliest(fetched_at),
        duration_seconds=time.monotonic() - started,
        filter_hash=read.filter_hash, snapshot_complete=read.since is None,
        largest_object=pages.largest, raw_size=path.stat().st_size,
        group_key=read.of.group_key, since=read.since, request=request_of(pages.about()),
    )  # fmt: skip


def _malformed(bad: list[BadLine]) -> IncompleteExportError:
    shown = "; ".join(f"profile {line.number}: {line.reason}" for line in bad[:3])
    return incomplete_export("malformed profile", f"{len(bad)} profiles can't be read ({shown})")


def _final_error(
    failure: IncompleteExportError, read: ProfileRead, requests: int
) -> IncompleteExportError:
    explanation = str(failure.details.get("explanation") or failure.reason).rstrip(".")
    tried = f"{ATTEMPTS} attempts were made to read the {read.of}; the last one: "
    return IncompleteExportError(
        f"{'' if failure.reason in NOT_RETRYABLE else tried}{explanation}.",
        reason=failure.reason,
        details={"requests": requests},
        **request_context_of(failure),
    )
