"""Whether a request may go now, and if not, when: read from the books within one transaction."""

from dataclasses import dataclass, replace
from typing import Literal

from mixpanel_data._internal.rate_limit.limits import (
    HOUR,
    Allowance,
    Limit,
    freed,
    nth_start,
)
from mixpanel_data._internal.rate_limit.request_log import Books

PAGES = "/pages"
"""What the name of a bucket ends with for follow-up pages of profiles that do not count."""

PagesCount = Literal["auto", "yes", "no"]


@dataclass(frozen=True)
class Turn:
    """The answer at the moment ``now``. ``number`` is the request's where it may go; else look
    again in ``wait`` seconds.

    ``reason`` is what is waited for, to be put behind "waiting for".
    """

    now: float
    wait: float = 0.0
    reason: str = ""
    number: int | None = None


@dataclass(frozen=True)
class Bucket:
    """One API family of one project: the name it has in the books, and its limits."""

    family: str
    name: str
    allowance: Allowance
    file: str = "the budget's file"
    """Where the requests are recorded, for telling people."""
    learns: bool = True
    """Whether a learned hourly limit takes the place of the allowance's, or both hold."""
    reserved: int = 0
    """Requests of each hour that are left to others."""
    pages: PagesCount = "yes"
    """Whether the requests are follow-up pages of profiles, and then whether Mixpanel counts them.
    """

    def ask(self, books: Books, slot: str | None) -> Turn:
        """A turn for who has just taken ``slot``; where the request may go, it is counted from now
        on."""
        if slot:
            books.vacated(slot)
        counts = self._counts(books)
        past = self._arrivals(books)
        full = [
            (freed(past, limit), f"the {self.family} budget ({limit}{self._of_which()})")
            for limit in (self._limits(books) if counts else ())
        ]
        until, reason = max(self._blocks(books) + full, default=(books.now, ""))
        if until <= books.now:
            name = self.name if counts else f"{self.name}{PAGES}"
            return Turn(books.now, number=books.grant(name, slot))
        return Turn(books.now, until - books.now, reason)

    def refused(self, books: Books) -> None:
        """A 429 came for one of these requests."""
        if self.pages == "auto":
            books.count_pages(self.name)

    def most_an_hour(self, books: Books) -> int | None:
        """The hourly limit of these requests; None where they do not count."""
        return self.hourly_limit(books) if self._counts(books) else None

    def hourly_limit(self, books: Books) -> int:
        """The most requests of any hour, as far as it is known."""
        return min(limit.count for limit in self._limits(books) if limit.seconds == HOUR)

    def spent(self, books: Books) -> int:
        """Requests that count in the hour that ends now."""
        return sum(time > books.now - HOUR for time in self._arrivals(books))

    def remaining(self, books: Books) -> int:
        """How many requests may still go in this hour, but for their pace."""
        if any(until > books.now for until, _ in self._blocks(books)):
            return 0
        return max(0, self.hourly_limit(books) - self.spent(books))

    def wait(self, books: Books, count: int) -> float:
        """Seconds until the last of ``count`` further requests may go."""
        start = max([books.now, *(until for until, _ in self._blocks(books))])
        return nth_start(self._arrivals(books), self._limits(books), start, count) - books.now

    def _counts(self, books: Books) -> bool:
        if self.pages == "auto":
            return books.pages_count(self.name)
        return self.pages == "yes"

    def _arrivals(self, books: Books) -> list[float]:
        past = books.arrivals(self.name)
        if books.pages_count(self.name):  # so they did before that was known
            past = sorted([*past, *books.arrivals(f"{self.name}{PAGES}")])
        return past

    def _limits(self, books: Books) -> tuple[Limit, ...]:
        learned = books.learned_limits(self.name)
        knows_better = self.learns and any(limit.seconds == HOUR for limit in learned)
        rates = [
            limit for limit in self.allowance.rates if not (knows_better and limit.seconds == HOUR)
        ]
        limits = (*rates, *learned, *books.named_limits(self.name))
        return tuple(map(self._without_reserve, limits))

    def _without_reserve(self, limit: Limit) -> Limit:
        if limit.seconds != HOUR:
            return limit
        return replace(limit, count=limit.count - min(self.reserved, limit.count // 2))

    def _of_which(self) -> str:
        return "; the rest is kept for syncs" if self.reserved else ""

    def _blocks(self, books: Books) -> list[tuple[float, str]]:
        """Until when nothing may go whatever the count, and why."""
        refusal = books.refusal(self.name)
        blocks = []
        if refusal:
            blocks.append(
                (refusal.until, f"the {self.family} budget, spent by Mixpanel's count (429)")
            )
        if self.allowance.rates:
            blocks.append((books.trusted_from(), self._damaged()))
        return blocks

    def _damaged(self) -> str:
        """Why nothing may go for an hour, and when the wait can be cut."""
        return (
            f"the {self.family} budget, whose record was damaged: {self.file} can't say any more what was asked of "
            "Mixpanel in the last hour, so all of it counts as spent (the damaged file is kept beside it, as .damaged). "
            "If nothing was asked in the last hour, by any program or person of this project, delete that file and run "
            "this again; otherwise wait,"
        )
