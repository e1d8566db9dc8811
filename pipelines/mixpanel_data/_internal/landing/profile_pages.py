"""The pages of one read on their way to disk, and the checks that they are complete."""

import math
from dataclasses import dataclass, field
from typing import BinaryIO

from mixpanel_data._internal.api.exchange import About
from mixpanel_data._internal.api_client import EngagePage
from mixpanel_data._internal.landing.profile_lines import parse_profiles
from mixpanel_data.exceptions import HTTPContext, IncompleteExportError, RateLimitError


@dataclass
class PageCollector:
    """Writes the pages of one read and counts their profiles."""

    known: int = 0
    """The number of profiles before, for comparison with a complete read; 0 for no comparison."""
    profiles: int = 0
    size: int = 0
    """Bytes of the bodies."""
    largest: int = 0
    """Bytes of the longest line."""
    answered_requests: int = 0
    """Requests that returned a page, including their retries."""
    has_more: bool = True
    """True while another page must be requested."""
    max_pages: int | None = None
    """The largest number of pages that can be requested; None for no limit."""
    total: int | None = None
    """The total of page 0; later pages need not repeat it [docs/mixpanel-facts.md, 6]."""
    _later_totals: set[int] = field(default_factory=set)
    about: About = HTTPContext
    """Returns request and response of the last page, for an error."""
    _seen: set[int] = field(default_factory=set)
    _nameless: int = 0

    def write(self, page: EngagePage, file: BinaryIO) -> None:
        """Append the profiles of ``page`` to ``file``, one a line."""
        self.about = page.about
        self.answered_requests += page.requests
        self.has_more = not page.is_last
        self.size += len(page.body)
        if page.page == 0:
            self.total = page.total
            self._require_few(page.total or 0, page.page_size or page.results or 1)
        elif page.total:
            self._later_totals.add(page.total)
        before = self.profiles
        for profile in parse_profiles(page.body):
            self.profiles += 1
            line = profile.line(self.profiles)
            self.largest = max(self.largest, len(line))
            self._remember(profile.identity)
            file.write(line)
        if self.profiles - before != page.results:
            raise IncompleteExportError(reason="not a page of profiles")

    def _require_few(self, total: int, page_size: int) -> None:
        pages = total // page_size + 1
        if self.max_pages is not None and pages > self.max_pages:
            # Raised now it costs one request; raised later it would cost all requests of the hour,
            # each time.
            raise RateLimitError(
                f"{total:,} profiles are {pages:,} requests at {page_size:,} a page. "
                f"{self.max_pages} are permitted an hour, and the wait for more would be longer "
                "than MP_MAX_WAIT allows. `mp sync --max-wait 2h` fetches them in about "
                f"{math.ceil(pages / self.max_pages)} hours; MP_PROFILES_PAGE_SIZE sets larger "
                "pages.",
                details={"total": total, "page_size": page_size, "requests": pages},
            )

    def _remember(self, identity: str) -> None:
        if identity:
            self._seen.add(hash(identity))  # a number each: ids may be long, and many
        else:
            self._nameless += 1

    @property
    def requests(self) -> int:
        """The requests so far: those that returned a page, and a last one that did not."""
        return self.answered_requests + self.has_more

    @property
    def distinct_profiles(self) -> int:
        """The number of distinct profiles."""
        return len(self._seen) + self._nameless

    def require_complete(self) -> None:
        """Raise IncompleteExportError if fewer profiles were received than announced.

        A profile that occurs twice may replace one that is missing, so only distinct ones count.
        """
        if self.total is not None and self.distinct_profiles < self.total:
            raise IncompleteExportError(
                f"Mixpanel announced {self.total} profiles and sent {self.distinct_profiles} "
                "distinct ones.",
                reason="fewer profiles than total",
                details={"total": self.total, "received": self.distinct_profiles},
            )

    def inconsistency(self) -> str | None:
        """Return what is suspicious about a complete read, else None. Equal facts give an equal text,
        since a recurring one is accepted."""
        if self.total is not None:
            for other in sorted({*self._later_totals, self.profiles}):
                if abs(other - self.total) > max(10, self.total // 100):
                    return f"page 0 announced {self.total} profiles, and later it was {other}"
        if self.distinct_profiles < self.known // 2:
            return f"there are {self.distinct_profiles} profiles, and there were {self.known}"
        return None
