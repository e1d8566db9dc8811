"""The events of a run: which days are due, and their verified files, window by window."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from mixpanel_data._internal.extract.prefetch import WindowLander
from mixpanel_data._internal.landing.fetch_events import error_for_window, fetch_window
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.landing.invalid_lines import find_invalid_lines, reject_lines
from mixpanel_data._internal.ledger.rejected_lines import rejected_lines
from mixpanel_data._internal.planning.events import Range, days_to_fetch, plan_windows, wanted_range
from mixpanel_data._internal.planning.preview import Preview, planned_request
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.streams.event_filter import UNFILTERED, EventFilter
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import (
    ConfigError,
    IncompleteExportError,
    MixpanelDataError,
    QueryError,
)


class EventWindows:
    """Plans and lands the windows of one run."""

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
        self._asked: set[date] = set()
        self._reused: list[Landed] = []
        self._with_events: set[date] = set()
        self._lander = WindowLander(self._land, run.landing)

    def wanted(self, first: date | None, last: date | None) -> Range:
        """The days the run sets out to bring.

        Raises:
            ConfigError: there are none, or they lie in the future.
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

    def due(self, wanted: Range) -> list[date]:
        """The days of ``wanted`` that have to be asked for.

        Raises:
            ConfigError: a part of the events is asked for, of days that are there whole: they would
                lose the rest.
        """
        ledger = self._run.ledger()
        days = sorted(self._days) or days_to_fetch(
            wanted,
            ledger,
            today=self._run.today(),
            lookback_days=self._lookback_days,
            filter_hash=self._only.hash,
        )
        whole = [d for d in days if d in ledger.days and ledger.days[d].filter_hash == UNFILTERED]
        if whole and self._only.hash != UNFILTERED:
            raise ConfigError(
                f"All events of {len(whole)} of these days are in {self._run.folder.root} already, from {whole[0]} "
                "on; reading only some of them again would lose the others. Give the filter its own --data-dir."
            )
        return days

    def preview(self, first: date | None, last: date | None) -> Preview:
        """What a run would ask for now."""
        wanted = self.wanted(first, last)
        ledger, days = self._run.ledger(), self.due(wanted)
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

    def next(self, wanted: Range) -> list[Window]:
        """The windows still to be taken; none when all were, or when no more make sense.

        Planned anew for each package: what was just loaded tells how much the next days may hold.
        """
        report = self._run.report
        if not report.due:
            report.due = frozenset(self.due(wanted))
            days = self._run.ledger().days
            self._with_events = {day for day, record in days.items() if record.row_count}
            self._run.progress.planned(len(report.due))
            recent = self._run.today() - timedelta(days=self._lookback_days)
            self._reused = self._lander.reusable(
                report.due, recent_from=recent, filter_hash=self._only.hash
            )
        left = report.due - self._asked
        if self._run.stopped or not left:
            return list(self._lander.under_way)
        reused = [file.window for file in self._reused if left.issuperset(file.window.days())]
        planned = plan_windows(
            left.difference(*(window.days() for window in reused)),
            self._run.ledger(),
            oldest_first=self._oldest_first,
        )
        # A growing plan is only as good as the ledger: load before the guess gets large.
        sure = [window for window in planned if len(window) <= len(planned[0])]
        return [*self._lander.under_way, *reused, *sure]

    def land(self, windows: Sequence[Window]) -> list[Landed]:
        """The verified files of as many of ``windows`` as make a package; one that failed is noted
        in the report."""
        return self._lander.package(windows, begun=self._begun, failed=self._failed)

    def again(self, file: Landed) -> Landed:
        """``file``, which did not load as a whole, without the lines to blame, which are repaired
        or in ``rejects``.

        It is fetched once more if one of them is not proven yet to be what Mixpanel has: was not
        rejected before.

        Raises:
            IncompleteExportError: it is no export, or no two fetches had the same bad lines.
        """
        zone = self._run.settings.zone
        try:
            suspects = find_invalid_lines(file.path, file.window, zone)
        except IncompleteExportError as error:
            self._run.landing.quarantine(file.path, error.reason)
            file.discard()
            raise error_for_window(error, file.window) from None
        unreadable = {line.text for line in suspects if line.repaired is None}
        # Without any, blank lines did not add up.
        if not unreadable or unreadable <= rejected_lines(self._run.folder.raw, file.window):
            return reject_lines(file, suspects).save()
        self._run.landing.quarantine(file.path, "unreadable line")
        file.discard()
        landed = fetch_window(
            self._run.client, file.window, self._run.landing, zone,
            on_bytes=self._run.progress.received, suspects=suspects, only=self._only,
        )  # fmt: skip
        self._run.fetched(landed)
        return landed

    def _begun(self, window: Window) -> None:
        self._asked.update(window.days())
        self._run.progress.landing(window)

    def _land(self, window: Window) -> Landed:
        for landed in self._reused:
            if landed.window == window:
                return landed
        landed = self._fetch(window)
        if not landed.lines and self._had_events(window):
            # An empty body is how Mixpanel says "no events", and nothing can be seen on it: let it
            # say so twice.
            landed = self._fetch(window)
        return landed

    def _fetch(self, window: Window) -> Landed:
        landed = fetch_window(
            self._run.client, window, self._run.landing, self._run.settings.zone,
            on_bytes=self._run.progress.received, only=self._only,
        )  # fmt: skip
        self._run.fetched(landed)
        return landed

    def _had_events(self, window: Window) -> bool:
        return any(day in self._with_events for day in window.days())

    def _failed(self, error: MixpanelDataError) -> bool:
        report = self._run.report
        floor = self._plans_first_day(error)
        if floor is None or not report.due or floor <= min(report.due):
            return self._run.fail(error)
        # Nothing failed: the plan sells no more, and what it does sell of the window is asked for
        # again.
        report.due = frozenset(day for day in report.due if day >= floor)
        under_way = {day for window in self._lander.under_way for day in window.days()}
        self._asked &= under_way.union(self._run.ledger().days)
        report.warnings.append(
            f"Mixpanel's plan goes back to {floor}. Set MP_START_DATE={floor}, and older days are not asked for again."
        )
        return True

    def _plans_first_day(self, error: MixpanelDataError) -> date | None:
        """The first day that the project's plan gives access to, if ``error`` says so and nobody
        asked for older ones."""
        wanted = self._run.report.wanted
        asked_for = self._run.settings.start_date or (wanted and wanted.is_bounded)
        if asked_for or not isinstance(error, QueryError) or error.plan_limit != "history":
            return None
        days = re.search(r"exceeds (\d+) days", f"{error} {error.response_body}")
        return self._run.today() - timedelta(days=int(days[1])) if days else None
