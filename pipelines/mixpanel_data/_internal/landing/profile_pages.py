"""The pages of one read on their way to disk, and what speaks for them being all."""

import math
from dataclasses import dataclass, field
from typing import BinaryIO

from mixpanel_data._internal.api.exchange import About
from mixpanel_data._internal.api_client import EngagePage
from mixpanel_data._internal.landing.profile_lines import profiles_of
from mixpanel_data.exceptions import HTTPContext, IncompleteExportError, RateLimitError


@dataclass
class Pages:
    """What has come of a read so far."""

    known: int = 0
    """How many profiles there were before, for a complete read to be held against; 0: nothing to
    compare with."""
    profiles: int = 0
    size: int = 0
    """Bytes of the bodies."""
    largest: int = 0
    """Bytes of the longest line."""
    answered: int = 0
    """Requests that brought a page, and those before them that did not."""
    more: bool = True
    """Whether another page has to be asked for."""
    most: int | None = None
    """Pages that can be asked for; None: as many as there are."""
    total: int | None = None
    """As page 0 announced it; later pages need not repeat it [docs/mixpanel-facts.md, 6]."""
    _later_totals: set[int] = field(default_factory=set)
    about: About = HTTPContext
    """What an error about the last page says of it."""
    _seen: set[int] = field(default_factory=set)
    _nameless: int = 0

    def write(self, page: EngagePage, file: BinaryIO) -> None:
        """Append the profiles of ``page`` to ``file``, a line each."""
        self.about = page.about
        self.answered += page.requests
        self.more = not page.is_last
        self.size += len(page.body)
        if page.page == 0:
            self.total = page.total
            self._require_few(page.total or 0, page.page_size or page.results or 1)
        elif page.total:
            self._later_totals.add(page.total)
        before = self.profiles
        for profile in profiles_of(page.body):
            self.profiles += 1
            line = profile.line(self.profiles)
            self.largest = max(self.largest, len(line))
            self._remember(profile.identity)
            file.write(line)
        if self.profiles - before != page.results:
            raise IncompleteExportError(reason="not a page of profiles")

    def _require_few(self, total: int, page_size: int) -> None:
        pages = total // page_size + 1
        if self.most is not None and pages > self.most:
            # Known now, it costs one request; found out later, it would cost all of the hour's,
            # each time anew.
            raise RateLimitError(
                f"{total:,} profiles are {pages:,} requests at {page_size:,} a page. {self.most} are granted an hour, "
                "and the wait for more would be longer than MP_MAX_WAIT allows. `mp sync --max-wait 2h` brings them in "
                f"about {math.ceil(pages / self.most)} hours; MP_PROFILES_PAGE_SIZE asks for larger pages.",
                details={"total": total, "page_size": page_size, "requests": pages},
            )

    def _remember(self, identity: str) -> None:
        if identity:
            self._seen.add(hash(identity))  # a number each: ids may be long, and many
        else:
            self._nameless += 1

    @property
    def requests(self) -> int:
        """Requests so far: those that were answered, and the one after which nothing came."""
        return self.answered + self.more

    @property
    def different(self) -> int:
        """Profiles that are not one another."""
        return len(self._seen) + self._nameless

    def require_all(self) -> None:
        """Nothing, when as many came as were announced. One that came twice may stand in the place
        of another.

        Raises:
            IncompleteExportError: there were fewer.
        """
        if self.total is not None and self.different < self.total:
            raise IncompleteExportError(
                f"Mixpanel announced {self.total} profiles, and {self.different} different ones came.",
                reason="fewer profiles than total",
                details={"total": self.total, "received": self.different},
            )

    def doubt(self) -> str | None:
        """What is odd about a read that lacks nothing, in words that are the same for the same
        oddity."""
        if self.total is not None:
            for other in sorted({*self._later_totals, self.profiles}):
                if abs(other - self.total) > max(10, self.total // 100):
                    return f"page 0 announced {self.total} profiles, and later it was {other}"
        if self.different < self.known // 2:
            return f"there are {self.different} profiles, and there were {self.known}"
        return None
