"""Decides which profiles to read next, and how many. Pure: no clock, no disk, no network."""

from datetime import datetime, timedelta

from mixpanel_data._internal.ledger.records import Reads
from mixpanel_data._internal.streams.profile_sets import ProfileRead, ProfileSet

HOUR_WITH_MARGIN = 3_700.0


def max_pages_per_read(hourly_limit: int | None, max_wait: float) -> int | None:
    """Return the most pages one read can have with waits of at most ``max_wait`` seconds.

    ``hourly_limit`` is the number of pages an hour may have, after which the next one waits for the
    hour to end; None if pages do not count as requests. Return None for no limit.
    """
    return hourly_limit if max_wait < HOUR_WITH_MARGIN else None


def last_read_time(of: ProfileSet, reads: Reads) -> datetime | None:
    """Return when the newest read that counts began, of either kind, by this machine's clock
    then."""
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
    """Return the read that is due at ``now``: a snapshot if none is younger than ``snapshot_days``,
    else an increment.

    An increment starts at the last read less ``overlap``, for clocks that differ and for profiles
    that Mixpanel shows late. Group profiles are read completely while none of them has a
    ``$last_seen``: whether they get one is undocumented, and without it an increment would find
    nothing.
    """
    snapshot, last = reads.get((of.kind, of.whole)), last_read_time(of, reads)
    # Without $last_seen an increment of group profiles would return none.
    blind = of.group_key and snapshot and snapshot.newest_seen is None
    if full or blind or snapshot is None or last is None:
        return ProfileRead(of)
    # If the last read is later than now, its age is unknown, and an increment could omit profiles.
    if last > now or abs(now - snapshot.fetched_at) >= timedelta(days=snapshot_days):
        return ProfileRead(of)
    return ProfileRead(of, last - overlap)
