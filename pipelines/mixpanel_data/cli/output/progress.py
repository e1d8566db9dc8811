"""Progress bars on stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mixpanel_data.cli.output.visible import visible
from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.published import TargetCopy
from mixpanel_data.settings import format_duration
from mixpanel_data.sync import QUIET, EngagePage, Landed, Progress, Published, Window

PACE_SECONDS = 1800.0
"""The seconds of progress from which the time left is estimated: one request may wait for minutes.
"""

SHORTEST_RATE = 2.0
"""Seconds. A rate over less says nothing."""

SHORTEST_WAIT = 60.0
"""Seconds. Shorter waits for the rate limit are not in the status."""


@contextmanager
def show_progress(quiet: bool = False) -> Iterator[Progress]:
    """Yield a listener that draws bars during the block; into a pipe it prints a line a step."""
    if quiet:
        yield QUIET
    elif not sys.stderr.isatty():
        yield LineProgress()
    else:
        bars = BarProgress()
        with bars.display:
            yield bars


class LineProgress(Progress):
    """Prints a line for each step that ended, and for each wait: for logs."""

    def locked(self, holder: str, seconds: float) -> None:
        _print_line(_locked_text(holder, seconds))

    def waiting(self, seconds: float, reason: str) -> None:
        _print_line(f"waiting {format_duration(seconds)} for {reason}")

    def retrying(self, attempt: int, seconds: float, reason: str) -> None:
        _print_line(_retry_text(attempt, seconds, reason))

    def loaded(self, file: Landed) -> None:
        _print_line(f"loaded {file.kind} {file.window}: {file.lines:,} rows")

    def published(self, published: Published) -> None:
        _print_line(f"published {published.path}")

    def copied(self, copy: TargetCopy) -> None:
        _print_line(_copied_text(copy))

    def alerted(self, text: str) -> None:
        _print_line(text)

    def alert_failed(self, text: str) -> None:
        _print_line(f"Warning: {text}")


def _locked_text(holder: str, seconds: float) -> str:
    return f"waiting up to {format_duration(seconds)} for {holder}, which has the data folder"


def _retry_text(attempt: int, seconds: float, reason: str) -> str:
    return f"attempt {attempt} failed, waiting {format_duration(seconds)}: {reason}"


def _copied_text(copy: TargetCopy) -> str:
    if not copy.is_new:
        return f"{copy.target} has this publication already"
    return f"copied to {copy.target}: {copy.written_rows:,} rows written in {copy.seconds:.1f} s"


def _print_line(text: str) -> None:
    print(visible(text), file=sys.stderr)


class BarProgress(Progress):
    """Draws bars with days, windows, bytes, the time left, and dbt's models."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Display

        self.display = Display(
            SpinnerColumn(),
            TextColumn("{task.description:<9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            speed_estimate_period=PACE_SECONDS,
        )
        self._events = self.display.add_task("events", total=None, visible=False, status="")
        self._profiles = self.display.add_task("profiles", total=None, visible=False, status="")
        self._build = self.display.add_task("dbt", total=None, visible=False, status="")
        self._copy = self.display.add_task("copy", total=None, visible=False, status="")
        self._bytes = 0
        self._windows = 0
        self._requests = 0
        # By the monotonic clock, because the machine's time may be corrected during an hour of
        # waiting.
        self._started = self._permitted_at = time.monotonic()

    @property
    def _counted(self) -> str:
        parts = [f"window {self._windows}", f"{self._bytes / 1e6:.1f} MB"]
        now = time.monotonic()
        if now - self._started >= SHORTEST_RATE:
            parts.append(f"{self._bytes / 1e6 / (now - self._started):.1f} MB/s")
        # Requests are planned for each package, so the estimate changes while days arrive.
        if self._permitted_at - now >= SHORTEST_WAIT:
            left = format_duration(self._permitted_at - now)
            parts.append(f"{self._requests} requests planned, {left} by the rate limit")
        return ", ".join(parts)

    def planned(self, days: int) -> None:
        self._started = time.monotonic()
        self.display.update(self._events, total=days, visible=True)

    def landing(self, window: Window) -> None:
        self._windows += 1
        self.display.update(self._events, status=f"{self._counted}, requesting {window}")

    def locked(self, holder: str, seconds: float) -> None:
        self._print_above(_locked_text(holder, seconds))

    def waiting(self, seconds: float, reason: str) -> None:
        self._print_above(f"waiting {format_duration(seconds)} for {reason}")

    def retrying(self, attempt: int, seconds: float, reason: str) -> None:
        self._print_above(_retry_text(attempt, seconds, reason))

    def expected(self, requests: int, seconds: float) -> None:
        self._requests = requests
        self._permitted_at = time.monotonic() + seconds

    def received(self, window: Window, count: int) -> None:
        self._bytes += count
        self.display.update(self._events, status=f"{self._counted}, receiving {window}")

    def landing_profiles(self) -> None:
        self.display.update(self._profiles, visible=True, status="requesting page 0")

    def page(self, page: EngagePage) -> None:
        self.display.update(
            self._profiles, total=page.total, advance=page.results, status=f"page {page.page}"
        )

    def loading(self, rows: int) -> None:
        self.display.update(self._events, status=f"{self._counted}, loading {rows:,} rows")

    def loaded(self, file: Landed) -> None:
        if file.kind == "events":
            self.display.update(
                self._events,
                advance=len(file.window),
                status=f"{self._counted}, {file.window} loaded",
            )
        else:
            self.display.update(
                self._profiles, completed=file.lines, total=file.lines, status="loaded"
            )

    def building(self, what: str) -> None:
        self.display.update(self._build, visible=True, advance=1, status=visible(what))

    def published(self, published: Published) -> None:
        done = self.display.tasks[self._build].completed
        self.display.update(
            self._build,
            total=done,
            completed=done,
            status=visible(f"published {published.path.name}"),
        )

    def copying(self, target: str, table: str) -> None:
        self.display.update(
            self._copy, visible=True, advance=1, status=visible(f"{target}: {table}")
        )

    def copied(self, copy: TargetCopy) -> None:
        done = self.display.tasks[self._copy].completed
        self.display.update(
            self._copy,
            visible=True,
            total=done,
            completed=done,
            status=visible(_copied_text(copy)),
        )

    def failed(self, error: MixpanelDataError) -> None:
        self._print_above(f"! {error.code}: {error}")

    def alerted(self, text: str) -> None:
        self._print_above(text)

    def alert_failed(self, text: str) -> None:
        self._print_above(f"Warning: {text}")

    def _print_above(self, text: str) -> None:
        # Not as markup: it quotes Mixpanel, with brackets.
        self.display.console.print(visible(text), markup=False, highlight=False)
