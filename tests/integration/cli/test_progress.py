"""What is drawn while a run goes on."""

import re
import time
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.cli.output.progress import BarProgress, LineProgress
from mixpanel_data.exceptions import APIError

WINDOW = Window(date(2026, 3, 1), date(2026, 3, 5))
OTHER = Window(date(2026, 2, 24), date(2026, 2, 28))


def shown(bars: BarProgress) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(bars.display.get_renderable())
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def landed(window: Window) -> Landed:
    return Landed(
        Path("x"), "events", window, lines=3, size=1, requests=1,
        fetched_at=datetime.now(UTC), duration_seconds=1,
    )  # fmt: skip


def test_bars_show_days_windows_bytes_and_the_time_left():
    bars = BarProgress()
    bars.planned(20)
    for window in (WINDOW, OTHER):
        bars.landing(window)
        bars.received(window, 1_500_000)
    assert "0/20 window 2, 3.0 MB, receiving 2026-02-24..2026-02-28" in shown(bars)

    bars.loading(7)
    assert "loading 7 rows" in shown(bars)
    bars.loaded(landed(WINDOW))
    bars.loaded(landed(OTHER))

    assert "10/20 window 2, 3.0 MB, 2026-02-24..2026-02-28 loaded" in shown(bars)
    assert re.search(r"loaded +\d:\d\d:\d\d", shown(bars))


def test_the_time_that_the_rate_limit_asks_for_is_shown():
    bars = BarProgress()
    bars.planned(200)
    bars.expected(7, 3 * 3600)
    bars.landing(WINDOW)

    assert "window 1, 0.0 MB, 7 requests planned, 3 h by the rate limit, requesting" in shown(bars)


def test_the_rate_is_shown_after_some_seconds(monkeypatch):
    now = time.monotonic()
    bars = BarProgress()
    bars.planned(20)
    monkeypatch.setattr(time, "monotonic", lambda: now + 10)
    bars.received(WINDOW, 25_000_000)

    assert "window 0, 25.0 MB, 2.5 MB/s, receiving" in shown(bars)


@pytest.mark.parametrize("kind", [BarProgress, LineProgress])
def test_a_failed_attempt_is_shown_with_its_wait(kind, capsys):
    kind().retrying(2, 4.0, "No response from [/b].")

    assert "attempt 2 failed, waiting 4 s: No response from [/b]." in capsys.readouterr().err


def test_an_error_of_mixpanel_is_shown_verbatim(capsys):
    BarProgress().failed(APIError("HTTP 500: [/b] secret=x [bold]Oh[/]"))

    assert "! API_ERROR: HTTP 500: [/b] secret=[redacted] [bold]Oh[/]" in capsys.readouterr().err
