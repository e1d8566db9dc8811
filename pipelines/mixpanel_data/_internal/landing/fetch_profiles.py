"""Bring profiles to disk: one session of pages, a line for each profile, all of them or none."""

import re
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mixpanel_data._internal import clock
from mixpanel_data._internal.api.bounds import NOT_RETRYABLE
from mixpanel_data._internal.api.exchange import add_request_context, request_context_of
from mixpanel_data._internal.api_client import EngagePage, MixpanelAPIClient
from mixpanel_data._internal.data_folder.private_files import create_private
from mixpanel_data._internal.landing.body_verifier import broken
from mixpanel_data._internal.landing.files import Landed, LandingFolder
from mixpanel_data._internal.landing.invalid_lines import BadLine
from mixpanel_data._internal.landing.invalid_profiles import inspect_profiles, set_apart
from mixpanel_data._internal.landing.profile_pages import Pages
from mixpanel_data._internal.streams.profile_sets import ProfileRead
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import IncompleteExportError

ATTEMPTS = 3


@dataclass(frozen=True)
class Source:
    """Where profiles come from and go to; ``page_size`` None leaves it to Mixpanel.

    ``output_properties`` None brings all properties of each profile.
    """

    client: MixpanelAPIClient
    folder: LandingFolder
    page_size: int | None = None
    output_properties: Sequence[str] | None = None
    on_page: Callable[[EngagePage], None] = lambda _page: None
    most_pages: int | None = None
    """A read that needs more ends with its first."""


def land_profiles(
    source: Source,
    read: ProfileRead,
    *,
    known: int = 0,
    suspects: Iterable[BadLine] | None = None,
) -> Landed:
    """The verified file of ``read``, begun again at page 0 while it is not whole, up to three
    times.

    Pages of two sessions are never mixed. What is odd though nothing is missing is read again too,
    and believed when it comes a second time: a count that moved, or fewer than half of the
    ``known`` profiles.

    ``suspects`` are the profiles that could not be read of an earlier read, one that would not
    load. Then every profile is looked at: one that can't be read and is among them is proven to be
    what Mixpanel has, and put into ``rejects``.

    Raises:
        IncompleteExportError: no attempt brought all that Mixpanel counted; nothing of it will be
            loaded.
        RateLimitError: it would take more requests than can be made; one was.
        APIError: Mixpanel refused, or could not be reached.
    """
    oddities = _Oddities(suspects)
    requests = 0
    failure = broken("never tried", "no attempt was made")
    for _ in range(ATTEMPTS):
        pages = Pages(known, most=source.most_pages)
        try:
            with add_request_context(lambda: pages.about()):  # noqa: B023  (called before the next attempt)
                landed = oddities.judged(_fetch(source, read, pages), pages)
            return replace(landed, requests=requests + pages.requests).save()
        except IncompleteExportError as error:
            requests += pages.requests
            failure = error
            # Its frames hold the page that was read last, beside those of the next attempt.
            traceback.clear_frames(error.__traceback__)
            if error.reason in NOT_RETRYABLE:
                break
    raise _at_last(failure, read, requests)


class _Oddities:
    """What was odd in the reads so far; the same a second time is what Mixpanel has."""

    def __init__(self, suspects: Iterable[BadLine] | None) -> None:
        self._inspect = suspects is not None
        self._seen: set[str | bytes] = {line.raw for line in suspects or ()}

    def judged(self, landed: Landed, pages: Pages) -> Landed:
        """``landed``, without the profiles that can't be read.

        Raises:
            IncompleteExportError: something about it was not seen before.
        """
        bad = inspect_profiles(landed.path) if self._inspect else []
        doubt = pages.doubt()
        unreadable = [line for line in bad if line.repaired is None]
        odd: set[str | bytes] = {line.raw for line in unreadable}
        odd |= {doubt} if doubt else set()
        if odd <= self._seen:
            return set_apart(landed, bad) if bad else landed
        self._seen |= odd
        landed.discard()
        raise broken("odd answer", doubt) if doubt else _malformed(unreadable)


def _fetch(source: Source, read: ProfileRead, pages: Pages) -> Landed:
    started, fetched_at = time.monotonic(), clock.now()
    window = Window(fetched_at.date(), fetched_at.date())
    name = re.sub(r"[^A-Za-z0-9_-]", "_", read.filter_hash)
    path = source.folder.path_for(read.of.kind, window, name)
    part = path.with_name(path.name + ".part")
    with create_private(part) as file:
        for page in source.client.engage_pages(
            where=read.where,
            output_properties=source.output_properties,
            page_size=source.page_size,
            data_group_id=read.of.data_group_id,
            cohort_id=read.cohort_id,
        ):
            pages.write(page, file)
            source.on_page(page)
    pages.require_all()
    part.replace(path)
    return Landed(
        path=path, kind=read.of.kind, window=window, lines=pages.profiles, size=pages.size,
        requests=pages.requests, fetched_at=source.client.clock.earliest(fetched_at),
        duration_seconds=time.monotonic() - started,
        filter_hash=read.filter_hash, snapshot_complete=read.since is None,
        largest_object=pages.largest, raw_size=path.stat().st_size,
        group_key=read.of.group_key, since=read.since,
    )  # fmt: skip


def _malformed(bad: list[BadLine]) -> IncompleteExportError:
    shown = "; ".join(f"profile {line.number}: {line.reason}" for line in bad[:3])
    return broken("malformed profile", f"{len(bad)} profiles can't be read ({shown})")


def _at_last(
    failure: IncompleteExportError, read: ProfileRead, requests: int
) -> IncompleteExportError:
    said = str(failure.details.get("explanation") or failure.reason).rstrip(".")
    tried = f"{ATTEMPTS} attempts were made to read the {read.of}; the last one: "
    return IncompleteExportError(
        f"{'' if failure.reason in NOT_RETRYABLE else tried}{said}.",
        reason=failure.reason,
        details={"requests": requests},
        **request_context_of(failure),
    )
