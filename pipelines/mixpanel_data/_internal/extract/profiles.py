"""Fetches every configured set of profiles by the read that is due."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mixpanel_data._internal import clock
from mixpanel_data._internal.landing.fetch_profiles import ProfileFetcher, fetch_profile_set
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.landing.invalid_profiles import find_invalid_profiles, reject_profiles
from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.ledger.records import ReadRecord, Reads
from mixpanel_data._internal.planning.profiles import due_read, last_read_time
from mixpanel_data._internal.streams.profile_sets import USERS, ProfileRead, ProfileSet
from mixpanel_data.exceptions import MixpanelDataError

REUSE_WITHIN = timedelta(hours=1)
"""The age up to which a fetched file that was never loaded replaces a new read."""


@dataclass(frozen=True)
class ProfileLander:
    """Fetches the profiles of a run. ``full`` requests snapshots regardless of the ledger."""

    fetcher: ProfileFetcher
    sets: Sequence[ProfileSet] = (USERS,)
    snapshot_days: int = 7
    overlap: timedelta = timedelta(minutes=90)
    full: bool = False
    on_fetched: Callable[[Landed], None] = lambda _landed: None
    """Called with each fetched file, but not for files left by a killed run."""

    def land(
        self, ledger: Ledger, *, failed: Callable[[ProfileSet, MixpanelDataError], bool]
    ) -> list[Landed]:
        """Return verified files. ``failed`` is called with each set that failed, and returns
        whether to go on."""
        files: list[Landed] = []
        left = self._leftover_files(ledger.reads)
        for of in self.sets:
            kept, read = self._choose(of, left.get(of), ledger.reads)
            files += [kept] if kept else []
            if read is None:
                continue
            try:
                files.append(self._fetch(read, ledger))
            except MixpanelDataError as error:
                if not failed(of, error):
                    break
        return files

    def refetch(self, file: Landed, proven: set[str]) -> Landed:
        """Reread profiles in place of ``file``, which DuckDB can't read; leave unreadable ones out.

        If all of those are among the texts in ``proven``, they are left out of ``file`` without
        another read. Raises like :func:`fetch_profile_set`. The file is returned unchanged if every
        profile of it can be read.
        """
        bad = find_invalid_profiles(file.path)
        if {line.text for line in bad if line.repaired is None} <= proven:
            return reject_profiles(file, bad).save()
        of = next(each for each in self.sets if each.kind == file.kind and _belongs_to(file, each))
        file.discard()
        landed = fetch_profile_set(self.fetcher, ProfileRead(of, file.since), suspects=bad)
        self.on_fetched(landed)
        return landed

    def _fetch(self, read: ProfileRead, ledger: Ledger) -> Landed:
        known = ledger.profile_counts.get(read.of.group_key, 0) if read.since is None else 0
        landed = fetch_profile_set(self.fetcher, read, known=known)
        self.on_fetched(landed)
        return landed

    def _leftover_files(self, reads: Reads) -> dict[ProfileSet, Landed]:
        """Return the newest file of each set that a killed run left and that is newer than the
        ledger.

        Others are deleted.
        """
        left: dict[ProfileSet, Landed] = {}
        folder = self.fetcher.folder
        for landed in (
            *folder.verified_files("profiles"),
            *folder.verified_files("group_profiles"),
        ):
            of = next((each for each in self.sets if _belongs_to(landed, each)), None)
            if of is None or not _is_newer(landed, last_read_time(of, reads)):
                landed.discard()
                continue
            if of in left:
                left[of].discard()
            left[of] = landed
        return left

    def _choose(
        self, of: ProfileSet, left: Landed | None, reads: Reads
    ) -> tuple[Landed | None, ProfileRead | None]:
        """Return the file to load as it is, and the read to make; at least one of them."""
        due = self._due(of, reads)
        if left is None:
            return None, due
        if _is_recent(left) and (left.snapshot_complete or due.since is not None):
            return left, None
        if left.snapshot_complete:
            # A snapshot of any age can be used: an increment reads the changes since.
            rest = self._due(of, {**reads, (of.kind, of.whole): _record(left)})
            if rest.since is not None:
                return left, rest
        left.discard()
        return None, due

    def _due(self, of: ProfileSet, reads: Reads) -> ProfileRead:
        return due_read(
            of, reads, now=clock.now().replace(tzinfo=None),
            snapshot_days=self.snapshot_days, overlap=self.overlap, full=self.full,
        )  # fmt: skip


def _belongs_to(landed: Landed, of: ProfileSet) -> bool:
    return landed.kind == of.kind and landed.filter_hash in (of.whole, of.part)


def _is_newer(landed: Landed, last: datetime | None) -> bool:
    """Return True if the file is newer than the ledger and has no gap to it.

    The ledger may be older than when the file was fetched.
    """
    if last is None:
        return True
    return landed.fetched_at.replace(tzinfo=None) > last and (landed.since or last) <= last


def _is_recent(landed: Landed) -> bool:
    """Return True if the file was written recently enough to equal what Mixpanel has now."""
    ended = landed.fetched_at + timedelta(seconds=landed.duration_seconds)
    return abs(clock.now() - ended) <= REUSE_WITHIN


def _record(landed: Landed) -> ReadRecord:
    return ReadRecord(landed.lines, landed.fetched_at.replace(tzinfo=None), "", None)
