"""Fetches into a temporary landing folder, for as long as the files are loaded or read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mixpanel_data._internal.api.exchange import add_request_context
from mixpanel_data._internal.api_client import EngagePage, MixpanelAPIClient
from mixpanel_data._internal.database.sealed import spool
from mixpanel_data._internal.landing.fetch_events import error_for_window, fetch_window
from mixpanel_data._internal.landing.fetch_profiles import ProfileFetcher, fetch_profile_set
from mixpanel_data._internal.landing.files import Landed, LandingFolder
from mixpanel_data._internal.landing.invalid_lines import find_invalid_lines, reject_lines
from mixpanel_data._internal.landing.invalid_profiles import find_invalid_profiles, reject_profiles
from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.planning.events import plan_windows
from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data._internal.streams.profile_sets import ProfileRead
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import IncompleteExportError


@contextmanager
def temporary_landing(beside: Path | None) -> Iterator[LandingFolder]:
    """Create a landing folder for the length of a block, on the disk of ``beside``.

    The disk of the system's temporary files may be small.
    """
    with spool(beside) as folder:
        yield LandingFolder(folder, project="fetch", region="any")


@dataclass(frozen=True)
class EventLandings:
    """The events of a range of days, in requests sized by the responses before."""

    client: MixpanelAPIClient
    folder: LandingFolder
    zone: Zone
    only: EventFilter

    def windows(self, whole: Window) -> Iterator[Landed]:
        """Yield the verified files, oldest first.

        Raises like ``fetch_window``, at the first window that is incomplete.
        """
        sizes: dict[date, DayRecord] = {}
        left = set(whole.days())
        while left:
            # Planned for each request: the bytes of the days that arrived decide how many the next
            # one has.
            window = plan_windows(left, Ledger(days=sizes), oldest_first=True)[0]
            landed = fetch_window(self.client, window, self.folder, self.zone, only=self.only)
            sizes |= _sizes(landed)
            left -= set(window.days())
            yield landed

    def fetch_readable(self, landed: Landed) -> Landed:
        """Return ``landed`` without its unreadable lines, which are then in its ``rejects``.

        Repaired lines are there, too. A window with unreadable lines is fetched once more: lines
        that are unchanged are rejected. Raises like ``fetch_window``, and
        IncompleteExportError for a file that is not an export.
        """
        try:
            with add_request_context(landed.about):
                bad = find_invalid_lines(landed.path, landed.window, self.zone)
        except IncompleteExportError as error:
            raise error_for_window(error, landed.window) from None
        if all(line.repaired is not None for line in bad):
            return reject_lines(landed, bad)
        return fetch_window(
            self.client, landed.window, self.folder, self.zone, suspects=bad, only=self.only
        )


@dataclass(frozen=True)
class RequestedProfiles(ProfileRead):
    """The user profiles that match ``expression``, of a saved ``cohort`` or of all."""

    expression: str | None = None
    cohort: int | None = None

    @property
    def where(self) -> str | None:
        return self.expression

    @property
    def cohort_id(self) -> int | None:
        return self.cohort


@dataclass(frozen=True)
class ProfileLandings:
    """The requested profiles."""

    fetcher: ProfileFetcher
    read: RequestedProfiles

    @classmethod
    def of(
        cls,
        client: MixpanelAPIClient,
        folder: LandingFolder,
        where: str | None,
        output_properties: Sequence[str] | None,
        cohort_id: int | None = None,
        *,
        on_rows: Callable[[int], None] | None = None,
    ) -> "ProfileLandings":
        """Create the fetch of profiles in the cohort that match ``where``.

        ``on_rows`` is called with the number received so far.
        """
        received = 0

        def on_page(page: EngagePage) -> None:
            nonlocal received
            # Page 0 starts a read over, after a page of the first one failed.
            received = page.results if page.page == 0 else received + page.results
            if on_rows:
                on_rows(received)

        fetcher = ProfileFetcher(
            client, folder, output_properties=output_properties, on_page=on_page
        )
        return cls(fetcher, RequestedProfiles(expression=where, cohort=cohort_id))

    def fetch(self) -> Landed:
        """Return the verified file. Raises like ``fetch_profile_set``."""
        return fetch_profile_set(self.fetcher, self.read)

    def fetch_readable(self, landed: Landed) -> Landed:
        """Return ``landed`` without its unreadable profiles, like :class:`EventLandings`."""
        bad = find_invalid_profiles(landed.path)
        if all(line.repaired is not None for line in bad):
            return reject_profiles(landed, bad)
        return fetch_profile_set(self.fetcher, self.read, suspects=bad)


def _sizes(landed: Landed) -> dict[date, DayRecord]:
    """Return the bytes of each fetched day, in the form that the planner needs."""
    # Evenly, because the answer does not say which bytes are of which day.
    size = landed.size // len(landed.window)
    at = landed.fetched_at.replace(tzinfo=None)
    return {
        day: DayRecord(
            day, range_end=at, row_count=0, late_count=0, rejected_count=0, bytes=size,
            fetched_at=at, load_id="",
        )
        for day in landed.window.days()
    }  # fmt: skip
