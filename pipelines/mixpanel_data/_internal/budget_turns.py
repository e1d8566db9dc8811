"""Whether a request may go now, and if not, when: read from the books within one transaction."""

from dataclasses import dataclass

from mixpanel_data._internal.budget_books import Books
from mixpanel_data._internal.budget_limits import (
    HOUR,
    Allowance,
    Limit,
    freed,
    nth_start,
)


@dataclass(frozen=True)
class Turn:
    """The answer at the moment ``now``. ``number`` is the request's where it may go; else look again in ``wait`` seconds.

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

    def ask(self, books: Books, slot: str | None) -> Turn:
        """A turn for who has just taken ``slot``; where the request may go, it is counted from now on."""
        if slot:
            books.vacated(slot)
        past = books.arrivals(self.name)
        full = [
            (freed(past, limit), f"the {self.family} budget ({limit})")
            for limit in self._limits(books)
        ]
        until, reason = max(self._blocks(books) + full, default=(books.now, ""))
        if until <= books.now:
            return Turn(books.now, number=books.grant(self.name, slot))
        return Turn(books.now, until - books.now, reason)

    def spent(self, books: Books) -> int:
        """Requests that count in the hour that ends now."""
        return sum(time > books.now - HOUR for time in books.arrivals(self.name))

    def remaining(self, books: Books) -> int:
        """How many requests may still go in this hour, but for their pace."""
        if any(until > books.now for until, _ in self._blocks(books)):
            return 0
        hourly = [limit.count for limit in self._limits(books) if limit.seconds == HOUR]
        return max(0, min(hourly) - self.spent(books))

    def wait(self, books: Books, count: int) -> float:
        """Seconds until the last of ``count`` further requests may go."""
        start = max([books.now, *(until for until, _ in self._blocks(books))])
        return nth_start(books.arrivals(self.name), self._limits(books), start, count) - books.now

    def _limits(self, books: Books) -> tuple[Limit, ...]:
        return (*self.allowance.rates, *books.named_limits(self.name))

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
