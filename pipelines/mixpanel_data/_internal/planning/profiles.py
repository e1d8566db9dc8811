"""Which profiles to read next, and how many of them. Pure: no clock, no disk, no network."""

from datetime import datetime, timedelta

from mixpanel_data._internal.ledger.records import Reads
from mixpanel_data._internal.streams.profile_sets import ProfileRead, ProfileSet

A_LITTLE_MORE_THAN_AN_HOUR = 3_700.0


def most_pages(hourly_limit: int | None, max_wait: float) -> int | None:
    """The pages one read can have when nobody waits longer than ``max_wait`` seconds; None: as many
    as there are.

    ``hourly_limit`` is how many pages an hour may have, after which the next one waits until that
    hour is over; None where pages do not count as requests.
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
    """The read that is due at ``now``: a snapshot if none is younger than ``snapshot_days``, else
    an increment.

    An increment reaches back to the last read less ``overlap``, for clocks that differ and for what
    Mixpanel shows late. Group profiles are read whole while none of them has a ``$last_seen``:
    whether they get one is undocumented, and without it an increment would see nothing.
    """
    snapshot, last = reads.get((of.kind, of.whole)), last_read(of, reads)
    blind = of.group_key and snapshot and snapshot.newest_seen is None
    if full or blind or snapshot is None or last is None:
        return ProfileRead(of)
    # How long ago a read of a later time than now was made, nobody knows: an increment could leave
    # a part out.
    if last > now or abs(now - snapshot.fetched_at) >= timedelta(days=snapshot_days):
        return ProfileRead(of)
    return ProfileRead(of, last - overlap)
