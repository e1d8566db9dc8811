"""Which profiles to read next, and how many of them. Pure: no clock, no disk, no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mixpanel_data._internal.event_filter import UNFILTERED

ProfileKind = Literal["profiles", "group_profiles"]


A_LITTLE_MORE_THAN_AN_HOUR = 3_700.0


@dataclass(frozen=True)
class ProfileSet:
    """The user profiles, or the group profiles of one group key."""

    group_key: str = ""
    """The name events carry the group's id under; empty for user profiles."""
    data_group_id: str | None = None
    """What engage knows the group key by [docs/mixpanel-facts.md, 11.7]."""

    def __str__(self) -> str:
        return f"{self.group_key} profiles" if self.group_key else "profiles"

    @property
    def kind(self) -> ProfileKind:
        """The table they go into, and their fetch type in the ledger."""
        return "group_profiles" if self.group_key else "profiles"

    @property
    def whole(self) -> str:
        """The filter hash of a complete read. Another ``data_group_id`` under the same key is another set."""
        return f"{self.group_key}={self.data_group_id}" if self.group_key else UNFILTERED

    @property
    def part(self) -> str:
        """The filter hash of an increment."""
        return f"{self.whole} last_seen" if self.group_key else "last_seen"


USERS = ProfileSet()


def profile_sets(groups: Mapping[str, str]) -> list[ProfileSet]:
    """The user profiles, then a set for each group key of ``groups``, which maps it to its ``data_group_id``."""
    return [USERS, *(ProfileSet(key, number) for key, number in groups.items())]


@dataclass(frozen=True)
class ReadRecord:
    """What the ledger holds of the newest read of one kind."""

    row_count: int
    """Profiles it brought."""
    fetched_at: datetime
    """When it began, naive UTC."""
    load_id: str
    newest_seen: datetime | None
    """The greatest ``$last_seen`` among them, naive UTC; None: no profile had one."""
    load_number: int = 0
    """Where its load stands in the order of loads; 0 for loads of version 0.1.0, which wrote no number."""


Reads = Mapping[tuple[str, str], ReadRecord]
"""By kind and filter hash."""


@dataclass(frozen=True)
class ProfileRead:
    """One read to make: a complete snapshot, or the profiles seen since a moment (naive UTC)."""

    of: ProfileSet = USERS
    since: datetime | None = None

    @property
    def where(self) -> str | None:
        """The filter to ask with. ``$last_seen`` is UTC without a zone, in seconds [docs/mixpanel-facts.md, 6]."""
        if self.since is None:
            return None
        return f'properties["$last_seen"] >= "{self.since:%Y-%m-%dT%H:%M:%S}"'

    @property
    def cohort_id(self) -> int | None:
        """The saved cohort whose profiles are read; None: everybody's."""
        return None

    @property
    def filter_hash(self) -> str:
        """As the ledger will have it."""
        return self.of.whole if self.since is None else self.of.part


def most_pages(hourly_limit: int | None, max_wait: float) -> int | None:
    """The pages one read can have when nobody waits longer than ``max_wait`` seconds; None: as many as there are.

    ``hourly_limit`` is how many pages an hour may have, after which the next one waits until that hour is over; None
    where pages do not count as requests.
    """
    return hourly_limit if max_wait < A_LITTLE_MORE_THAN_AN_HOUR else None


def last_read(of: ProfileSet, reads: Reads) -> datetime | None:
    """When the newest read that counts began, of whichever kind, by the clock of then."""
    known = [reads[of.kind, each] for each in (of.whole, of.part) if (of.kind, each) in reads]
    newest = max(known, key=lambda read: (read.load_number, read.fetched_at), default=None)
    return newest.fetched_at if newest else None


def due_read(
    of: ProfileSet,
    reads: Reads,
    *,
    now: datetime,
    snapshot_days: int,
    overlap: timedelta,
    full: bool = False,
) -> ProfileRead:
    """The read that is due at ``now``: a snapshot if none is younger than ``snapshot_days``, else an increment.

    An increment reaches back to the last read less ``overlap``, for clocks that differ and for what Mixpanel shows
    late. Group profiles are read whole while none of them has a ``$last_seen``: whether they get one is undocumented,
    and without it an increment would see nothing.
    """
    snapshot, last = reads.get((of.kind, of.whole)), last_read(of, reads)
    blind = of.group_key and snapshot and snapshot.newest_seen is None
    if full or blind or snapshot is None or last is None:
        return ProfileRead(of)
    # How long ago a read of a later time than now was made, nobody knows: an increment could leave a part out.
    if last > now or abs(now - snapshot.fetched_at) >= timedelta(days=snapshot_days):
        return ProfileRead(of)
    return ProfileRead(of, last - overlap)
