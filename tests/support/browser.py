"""A real browser for end-to-end tests: Chromium without a window, driven by Playwright, that reaches this machine only."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


def chromium() -> str | None:
    """The browser's program: that of MP_TEST_CHROMIUM, else one found by name."""
    return os.environ.get("MP_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Visit:
    """A page, and what happened on it since before it was opened."""

    page: "Page"
    requests: list[str] = field(default_factory=list)
    """Addresses it asked for, its own included."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings on its console, uncaught errors, and requests that failed."""

    def watch(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@dataclass(frozen=True)
class Visitor:
    """Opens pages in this browser."""

    browser: "Browser"

    @contextmanager
    def visit(
        self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False, **context: Any
    ) -> Iterator[Visit]:
        """The page at ``url``, opened in a fresh profile. ``context`` goes to Playwright's ``new_context``."""
        profile = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **context,
        )
        try:
            visit = Visit(profile.new_page())
            visit.watch()
            visit.page.goto(url)
            yield visit
        finally:
            profile.close()


@pytest.fixture(scope="session")
def visitor() -> Iterator[Visitor]:
    """One browser for all tests of a worker; skips where there is none."""
    program = chromium()
    if program is None:
        pytest.skip(
            f"no Chromium here ({', '.join(NAMES)}): apt-get install chromium, or set MP_TEST_CHROMIUM"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield Visitor(browser)
        finally:
            browser.close()
