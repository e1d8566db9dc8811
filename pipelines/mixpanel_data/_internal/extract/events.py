"""The events of a run: the days that are due, and their verified files, window by window."""

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

from mixpanel_data._internal.api.exchange import add_request_context, request_context_of
from mixpanel_data._internal.extract.prefetch import (
    WORKERS,
    Prefetcher,
    is_full,
    reusable_files,
)
from mixpanel_data._internal.landing.fetch_events import error_for_window, fetch_window
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.landing.invalid_lines import find_invalid_lines, reject_lines
from mixpanel_data._internal.planning.events import (
    Range,
    days_to_fetch,
    first_recent_day,
    plan_windows,
    wanted_range,
)
from mixpanel_data._internal.planning.preview import Preview, planned_request
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.streams.event_filter import UNFILTERED, EventFilter
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import (
    ConfigError,
    IncompleteExportError,
    MixpanelDataError,
    QueryError,
    StorageError,
)

MOST_FUTURE_DAYS = 3
"""Refused last days after which no others of their windows are requested. Zones differ by 26 hours,
which is two days at most."""


class EventWindows:
    """Plans and fetches the windows of one run."""

    def __init__(
        self,
        run: Run,
        *,
        only: EventFilter,
        lookback_days: int,
        reload_days: int | None,
        oldest_first: bool,
        days: Collection[date] = (),
        refetch: bool = False,
    ) -> None:
        self._run = run
        self._only = only
        self._reload_days = reload_days
        self._lookback_days = lookback_days if reload_days is None else reload_days
        self._oldest_first = oldest_first
        self._days = frozenset(days)
        self._refetch = refetch
        self._requested: set[date] = set()
        self._reused: list[Landed] = []
        self._days_with_events: set[date] = set()
        self._prefetcher = Prefetcher(self._fetch_or_reuse)
        self._has_succeeded = False
        self._future_days = 0

    def resolve_range(self, first: date | None, last: date | None) -> Range:
        """Return the days that the run is to fetch.

        Raises:
            ConfigError: if there are no such days, or they are in the future.
        """
        if self._days:
            return Range(min(self._days), max(self._days), is_bounded=True, refetch=True)
        try:
            wanted = wanted_range(
                self._run.ledger(),
                today=self._run.today(),
                start=self._run.settings.start_date,
                first=first,
                last=last,
                refetch=self._refetch,
            )
        except ValueError as error:
            raise ConfigError(f"These days can't be fetched: {error}.") from None
        return replace(wanted, lookback=wanted.lookback or self._reload_days is not None)

    def due_days(self, wanted: Range) -> list[date]:
        """Return the days of ``wanted`` that must be fetched.

        Raises:
            ConfigError: if a filter is set for days that are loaded completely: fetching them
                would delete their other events.
        """
        ledger = self._run.ledger()
        days = sorted(self._days) or days_to_fetch(
            wanted,
            ledger,
            today=self._run.today(),
            lookback_days=self._lookback_days,
            filter_hash=self._only.hash,
        )
        unfiltered = [
            day for day in days if day in ledger.days and ledger.days[day].filter_hash == UNFILTERED
        ]
        if unfiltered and self._only.hash != UNFILTERED:
            raise ConfigError(
                f"All events of {len(unfiltered)} of these days, from {unfiltered[0]} on, are in "
                f"{self._run.folder.root}; refetching some of them would delete the others. "
                "Use another --data-dir for the filter."
            )
        return days

    def preview(self, first: date | None, last: date | None) -> Preview:
        """Return the requests that a run would send now."""
        wanted = self.resolve_range(first, last)
        ledger, days = self._run.ledger(), self.due_days(wanted)
        windows = plan_windows(days, ledger, oldest_first=self._oldest_first)
        done_at = self._run.budget.free_at("export", max(1, len(windows)))
        return Preview(
            wanted=wanted,
            days_due=len(days),
            days_there=sum(wanted.first <= day <= wanted.last for day in ledger.days),
            requests=tuple(planned_request(window, ledger) for window in windows),
            remaining=self._run.budget.remaining("export"),
            done_at=done_at,
            seconds=max(0.0, (done_at - datetime.now(UTC)).total_seconds()),
        )

    def next_windows(self, wanted: Range) -> list[Window]:
        """Return the windows still to fetch; none when all were, or the run has stopped.

        They are planned for each package, since the days just loaded show how large others may be.
        """
        report = self._run.report
        if not report.due:
            report.due = frozenset(self.due_days(wanted))
            days = self._run.ledger().days
            self._days_with_events = {day for day, record in days.items() if record.row_count}
            self._run.progress.planned(len(report.due))
            self._reused = reusable_files(
                self._run.landing,
                report.due,
                recent_from=first_recent_day(self._run.today(), self._lookback_days),
                filter_hash=self._only.hash,
                in_flight=self._prefetcher.in_flight,
            )
        left = report.due - self._requested
        if self._run.stopped or not left:
            return list(self._prefetcher.in_flight)
        reused = [file.window for file in self._reused if left.issuperset(file.window.days())]
        planned = plan_windows(
            left.difference(*(window.days() for window in reused)),
            self._run.ledger(),
            oldest_first=self._oldest_first,
        )
        # Longer windows rely on guesses: load the first ones, so that the ledger has more volumes.
        certain = [window for window in planned if len(window) <= len(planned[0])]
        self._announce(len(planned))
        return [*self._prefetcher.in_flight, *reused, *certain]

    def _announce(self, requests: int) -> None:
        if requests:
            with suppress(StorageError):  # the request itself reports it
                permitted_at = self._run.budget.free_at("export", requests)
                seconds = (permitted_at - datetime.now(UTC)).total_seconds()
                self._run.progress.expected(requests, max(0.0, seconds))

    def land_package(self, windows: Sequence[Window], *, most: int | None = None) -> list[Landed]:
        """Fetch as many of ``windows`` as make a package. Record failed ones in the report.

        Further windows may be in flight when the package is returned; with ``most``, which limits
        the files of the package, none is started only for the next one.
        """
        waiting = [window for window in windows if window not in self._prefetcher.in_flight]
        package: list[Landed] = []
        while most is None or len(package) < most:
            # Also before a full package is returned: the next windows arrive while it is loaded.
            # The first window is requested alone, so that wrong credentials are sent once only.
            limit = WORKERS if self._has_succeeded else 1
            while waiting and len(self._prefetcher.in_flight) < limit:
                self._start(waiting.pop(0))
            # A package is full at a number of bytes, since a load holds all of its files in one
            # transaction.
            if is_full(package) or not self._prefetcher.in_flight:
                return package
            window, outcome = self._prefetcher.next_outcome()
            if isinstance(outcome, Landed):
                self._has_succeeded = True
                package.append(outcome)
            elif not isinstance(outcome, MixpanelDataError):
                raise outcome
            elif not self._continue_after(outcome, window):
                waiting.clear()
        return package

    def refetch(self, file: Landed) -> Landed:
        """Return ``file``, which did not load completely, without its unreadable lines.

        They are repaired or in ``rejects``. If one of them was not rejected before, the window is
        fetched once more, to prove that Mixpanel stores it like this.

        Raises:
            IncompleteExportError: if it is not an export, or no two fetches had the same unreadable
                lines.
        """
        zone = self._run.settings.zone
        try:
            with add_request_context(file.about):
                suspects = find_invalid_lines(file.path, file.window, zone)
        except IncompleteExportError as error:
            self._run.landing.quarantine(file.path, error.reason)
            file.discard()
            raise error_for_window(error, file.window) from None
        unreadable = {line.text for line in suspects if line.repaired is None}
        # Without any unreadable line, blank lines made the count differ.
        if not unreadable or unreadable <= self._run.state.rejected_lines(file.window):
            return reject_lines(file, suspects).save()
        self._run.landing.quarantine(file.path, "unreadable line")
        file.discard()
        landed = fetch_window(
            self._run.client, file.window, self._run.landing, zone,
            on_bytes=self._run.progress.received, suspects=suspects, only=self._only,
        )  # fmt: skip
        self._run.count_fetch(landed)
        return landed

    def _start(self, window: Window) -> None:
        self._requested.update(window.days())
        self._run.progress.landing(window)
        self._prefetcher.start(window)

    def _fetch_or_reuse(self, window: Window) -> Landed:
        for landed in self._reused:
            if landed.window == window:
                return landed
        landed = self._fetch(window)
        if not landed.lines and self._had_events(window):
            # Mixpanel's response without events is an empty body, which can't be verified. For days
            # that had events, two such responses are required.
            landed = self._fetch(window)
        return landed

    def _fetch(self, window: Window) -> Landed:
        landed = fetch_window(
            self._run.client, window, self._run.landing, self._run.settings.zone,
            on_bytes=self._run.progress.received, only=self._only,
        )  # fmt: skip
        self._run.count_fetch(landed)
        return landed

    def _had_events(self, window: Window) -> bool:
        return any(day in self._days_with_events for day in window.days())

    def _continue_after(self, error: MixpanelDataError, window: Window) -> bool:
        """Record a failed window; return True if further windows make sense."""
        report = self._run.report
        if isinstance(error, QueryError) and error.has_future_days:
            return self._leave_out_last_day(error, window)
        floor = self._first_day_of_plan(error)
        if floor is None or not report.due or floor <= min(report.due):
            return self._run.record_failure(error)
        # Not a failure: the plan has no older days. The window's days from the floor on are
        # requested in a new window.
        report.due = frozenset(day for day in report.due if day >= floor)
        # Days in flight stay requested: their answer is still to come.
        in_flight = {day for window in self._prefetcher.in_flight for day in window.days()}
        self._requested &= in_flight.union(self._run.ledger().days)
        report.warnings.append(
            f"Mixpanel's plan goes back to {floor}. Set MP_START_DATE={floor} to request no older "
            "days."
        )
        return True

    def _leave_out_last_day(self, error: QueryError, window: Window) -> bool:
        """Record that the last day of ``window`` has not begun for Mixpanel, and request the others
        once more without it; return True if further windows make sense."""
        self._future_days += 1
        if self._future_days <= MOST_FUTURE_DAYS:
            self._requested -= set(window.days()) - {window.last}
        zone = self._run.settings.zone.key
        return self._run.record_failure(
            QueryError(
                f"{window.last} has not begun for Mixpanel, although it has in the zone {zone}: {error} "
                "The zone of the export is set by MP_TIME_BASIS (utc, or project for a project "
                "created before 2023) and MP_PROJECT_TIMEZONE. Check them, and this machine's clock.",
                details=error.details,
                **request_context_of(error),
            )
        )

    def _first_day_of_plan(self, error: MixpanelDataError) -> date | None:
        """Return the first day that the project's plan gives access to, if ``error`` shows it.

        Return None also if the caller gave a first or last day, since all days are then required.
        """
        wanted = self._run.report.wanted
        is_required = self._run.settings.start_date or (wanted and wanted.is_bounded)
        if is_required or not isinstance(error, QueryError) or error.plan_limit != "history":
            return None
        days = re.search(r"exceeds (\d{1,9}) days", f"{error} {error.response_body}")
        return first_recent_day(self._run.today(), int(days[1])) if days else None
