"""Every set of profiles that is configured, each by the read that is due."""

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
"""How long a landed read that was never loaded stands for the one a run would make."""


@dataclass(frozen=True)
class ProfileLander:
    """Lands the profiles of a run. ``full`` asks for snapshots whatever the ledger says."""

    source: ProfileFetcher
    sets: Sequence[ProfileSet] = (USERS,)
    snapshot_days: int = 7
    overlap: timedelta = timedelta(minutes=90)
    full: bool = False
    on_fetched: Callable[[Landed], None] = lambda _landed: None
    """Hears of each file that was asked for, other than found where a killed run left it."""

    def package(
        self, ledger: Ledger, *, failed: Callable[[ProfileSet, MixpanelDataError], bool]
    ) -> list[Landed]:
        """Verified files. ``failed`` hears of each set that did not come, and says whether to go
        on."""
        files: list[Landed] = []
        left = self._left(ledger.reads)
        for of in self.sets:
            kept, read = self._choose(of, left.get(of), ledger.reads)
            files += [kept] if kept else []
            if read is None:
                continue
            try:
                files.append(self._land(read, ledger))
            except MixpanelDataError as error:
                if not failed(of, error):
                    break
        return files

    def again(self, file: Landed, proven: set[str]) -> Landed:
        """The file of a second read in place of ``file``, which DuckDB can't read, without the
        profiles to blame.

        It is not read again where all of those are among the texts in ``proven`` already. Raises as
        :func:`land_profiles`; the file as it is comes back when every profile of it can be read.
        """
        bad = find_invalid_profiles(file.path)
        if {line.text for line in bad if line.repaired is None} <= proven:
            return reject_profiles(file, bad).save()
        of = next(each for each in self.sets if each.kind == file.kind and _is_of(file, each))
        file.discard()
        landed = fetch_profile_set(self.source, ProfileRead(of, file.since), suspects=bad)
        self.on_fetched(landed)
        return landed

    def _land(self, read: ProfileRead, ledger: Ledger) -> Landed:
        known = ledger.profile_counts.get(read.of.group_key, 0) if read.since is None else 0
        landed = fetch_profile_set(self.source, read, known=known)
        self.on_fetched(landed)
        return landed

    def _left(self, reads: Reads) -> dict[ProfileSet, Landed]:
        """The newest file of each set that a killed run left and that tells more than the ledger;
        others are removed."""
        left: dict[ProfileSet, Landed] = {}
        folder = self.source.folder
        for landed in (
            *folder.verified_files("profiles"),
            *folder.verified_files("group_profiles"),
        ):
            of = next((each for each in self.sets if _is_of(landed, each)), None)
            if of is None or not _is_news(landed, last_read_time(of, reads)):
                landed.discard()
                continue
            if of in left:
                left[of].discard()
            left[of] = landed
        return left

    def _choose(
        self, of: ProfileSet, left: Landed | None, reads: Reads
    ) -> tuple[Landed | None, ProfileRead | None]:
        """The file to load as it lies here, and the read to make; at least one of them."""
        due = self._due(of, reads)
        if left is None:
            return None, due
        if _is_fresh(left) and (left.snapshot_complete or due.since is not None):
            return left, None
        if left.snapshot_complete:
            # However old, it is a snapshot: what happened since is for an increment.
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


def _is_of(landed: Landed, of: ProfileSet) -> bool:
    return landed.kind == of.kind and landed.filter_hash in (of.whole, of.part)


def _is_news(landed: Landed, last: datetime | None) -> bool:
    """Whether it is newer than the ledger, and joins on to it; the ledger may be one of before."""
    if last is None:
        return True
    return landed.fetched_at.replace(tzinfo=None) > last and (landed.since or last) <= last


def _is_fresh(landed: Landed) -> bool:
    """Whether it was on disk lately enough to stand for what Mixpanel has now."""
    ended = landed.fetched_at + timedelta(seconds=landed.duration_seconds)
    return abs(clock.now() - ended) <= REUSE_WITHIN


def _record(landed: Landed) -> ReadRecord:
    return ReadRecord(landed.lines, landed.fetched_at.replace(tzinfo=None), "", None)
