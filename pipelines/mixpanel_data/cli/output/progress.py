"""Progress bars on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mixpanel_data.cli.output.visible import visible
from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.settings import format_duration
from mixpanel_data.sync import QUIET, EngagePage, Landed, Progress, Published, Window

PACE_SECONDS = 1800.0
"""The seconds of progress from which the time left is estimated: one request may wait for minutes.
"""


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

    def waiting(self, seconds: float, reason: str) -> None:
        _print_line(f"waiting {format_duration(seconds)} for {reason}")

    def loaded(self, file: Landed) -> None:
        _print_line(f"loaded {file.kind} {file.window}: {file.lines:,} rows")

    def published(self, published: Published) -> None:
        _print_line(f"published {published.path}")


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
        self._bytes = 0
        self._windows = 0

    @property
    def _counted(self) -> str:
        return f"window {self._windows}, {self._bytes / 1e6:.1f} MB"

    def planned(self, days: int) -> None:
        self.display.update(self._events, total=days, visible=True)

    def landing(self, window: Window) -> None:
        self._windows += 1
        self.display.update(self._events, status=f"{self._counted}, requesting {window}")

    def waiting(self, seconds: float, reason: str) -> None:
        self.display.console.print(
            visible(f"waiting {format_duration(seconds)} for {reason}"),
            markup=False,
            highlight=False,
        )

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

    def failed(self, error: MixpanelDataError) -> None:
        # Not as markup: it quotes Mixpanel, with brackets.
        self.display.console.print(
            visible(f"! {error.code}: {error}"), markup=False, highlight=False
        )
