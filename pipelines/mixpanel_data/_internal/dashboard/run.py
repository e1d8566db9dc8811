"""Runs the app as a server on loopback, and exports it as one HTML file. marimo is a process of its own."""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from mixpanel_data._internal.dashboard.reading import Given
from mixpanel_data._internal.dashboard.single_file import frontend_folder, single_file
from mixpanel_data._internal.dashboard.view import Events, find_segment, require_events
from mixpanel_data._internal.dashboard.written import WrittenDashboard
from mixpanel_data._internal.data_folder.output_files import require_writable, write_output_file
from mixpanel_data._internal.html_report.date_range import covered_days, resolve_span
from mixpanel_data._internal.html_report.published_tables import open_published_tables
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import ConfigError, MixpanelDataError

_ERROR = re.compile(r'"evalue": "((?:[^"\\]|\\.)*)"')
APP_FILES = ("app.py", "dashboard.css")
FILE_NAME = "dashboard.html"
EXPORT_OPTION = "mp dashboard --export"
HOST = "127.0.0.1"
MOST_SECONDS = 60.0
"""How long the server may take to start, on a slow machine."""


def check_given(
    settings: Settings,
    *,
    sign_up: str | None = None,
    value_moment: str | None = None,
    feature: str | None = None,
    segment: str | None = None,
    first: date | None = None,
    last: date | None = None,
    static: bool = False,
) -> Given:
    """Return what the app gets, checked against the published file.

    Raises:
        NothingPublishedError: if nothing is published.
        ConfigError: if marimo is not installed, no user ever did an event, there is no such segment,
            or the file has none of the days.
    """
    if find_spec("marimo") is None:
        raise ConfigError(
            "The dashboard needs marimo, which is not installed: pip install 'mixpanel-data[dashboard]'."
        )
    with open_published_tables(settings.folder, memory_limit=settings.memory_limit) as db:
        resolve_span(covered_days(db), first, last)
        require_events(db, Events(sign_up, value_moment, feature))
        found = find_segment(db, segment) if segment is not None else None
    return Given(
        folder=str(settings.folder.root.absolute()),
        memory_limit=settings.memory_limit,
        first=first.isoformat() if first else None,
        last=last.isoformat() if last else None,
        segment=(found.dimension, found.value) if found else None,
        sign_up=sign_up,
        value_moment=value_moment,
        feature=feature,
        static=static,
    )


def serve_dashboard(
    settings: Settings,
    *,
    sign_up: str | None = None,
    value_moment: str | None = None,
    feature: str | None = None,
    segment: str | None = None,
    first: date | None = None,
    last: date | None = None,
    port: int = 0,
    token: bool = True,
    show: Callable[[str], object] = print,
) -> None:
    """Serve the dashboard on 127.0.0.1 until the process is stopped.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        sign_up: The event of a sign-up.
        value_moment: The event by which a user gets what the product is for.
        feature: The event of the board of a feature launch, at first.
        segment: A segment such as ``country=DE``, at first.
        first: First day, at first, in the project's time zone. None: 90 days with the last one.
        last: Last day, included. None: the last one that is published.
        port: The port; 0 takes a free one.
        token: Whether the address has a token, without which the server answers nobody.
        show: Called with the address once the server answers.

    Raises:
        NothingPublishedError: if nothing is published.
        ConfigError: if the arguments are wrong, marimo is not installed, or the port is in use.
        MixpanelDataError: if the server ends by itself.
    """
    given = check_given(
        settings,
        sign_up=sign_up,
        value_moment=value_moment,
        feature=feature,
        segment=segment,
        first=first,
        last=last,
    )
    port = _free_port(port)
    secret = secrets.token_urlsafe(16) if token else ""
    access = ("--token", "--token-password-file", "-") if token else ("--no-token",)
    with _app_copy() as app:
        command = _marimo(
            *("run", str(app), "--headless", "--no-sandbox", "--no-check", *access),
            *("--host", HOST, "--port", str(port), "--", "--given", given.to_argument()),
        )
        process = subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us, who then end it
        )
        try:
            if process.stdin:
                with suppress(BrokenPipeError):
                    process.stdin.write(secret.encode())
                process.stdin.close()
            address = f"http://{HOST}:{port}"
            _wait_until_it_answers(process, address)
            show(address + (f"/?access_token={secret}" if token else ""))
            code = process.wait()
            raise MixpanelDataError(
                f"The server of the dashboard ended by itself, with code {code}."
            )
        finally:
            _stop(process)


def export_dashboard(
    settings: Settings,
    *,
    output: Path | None = None,
    sign_up: str | None = None,
    value_moment: str | None = None,
    feature: str | None = None,
    segment: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> WrittenDashboard:
    """Write the dashboard as one HTML file that opens without a network.

    The page is what `marimo export html` writes, with everything that it loads. The file is replaced
    atomically.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        output: The HTML file, or a folder that exists. None: ``dashboard.html`` in the data folder.
        sign_up: The event of a sign-up.
        value_moment: The event by which a user gets what the product is for.
        feature: The event of the board of a feature launch.
        segment: A segment such as ``country=DE``.
        first: First day, in the project's time zone. None: 90 days with the last one.
        last: Last day, included. None: the last one that is published.

    Raises:
        NothingPublishedError: if nothing is published.
        ConfigError: if the arguments are wrong, or marimo is not installed.
        StorageError: if the file can't be written.
        MixpanelDataError: if a board can't be read.
    """
    target = (output or settings.folder.root).expanduser().absolute()
    if target.is_dir():
        target /= FILE_NAME
    given = check_given(
        settings,
        sign_up=sign_up,
        value_moment=value_moment,
        feature=feature,
        segment=segment,
        first=first,
        last=last,
        static=True,
    )
    require_writable(target, option=EXPORT_OPTION)
    with _app_copy() as app:
        written = app.with_name("page.html")
        command = _marimo(
            *("export", "html", "--no-include-code", "--no-sandbox", str(app)),
            *("-o", str(written), "--", "--given", given.to_argument()),
        )
        done = subprocess.run(
            command, env=_environment(), capture_output=True, text=True, check=False
        )
        page = written.read_text(encoding="utf-8") if written.is_file() else ""
        if done.returncode or not page:
            reason = _ERROR.search(page)
            raise MixpanelDataError(
                f"marimo could not export the dashboard: {(done.stderr or done.stdout).strip()[-2000:]}"
                + (f" {reason[1]}" if reason else "")
            )
        text = single_file(page, frontend_folder()).encode()
    write_output_file(target, text, option=EXPORT_OPTION)
    return WrittenDashboard(target, len(text))


@contextmanager
def _app_copy() -> Iterator[Path]:
    """Make a copy of the app for the length of the block: marimo writes what it showed beside the app."""
    with tempfile.TemporaryDirectory(prefix="mp-dashboard-") as folder:
        for name in APP_FILES:
            content = files(__package__).joinpath(name).read_bytes()
            (Path(folder) / name).write_bytes(content)
        yield Path(folder) / APP_FILES[0]


def _marimo(*arguments: str) -> list[str]:
    # -P: no module of the folder in which `mp` was started.
    return [sys.executable, "-P", "-m", "marimo", "--yes", "--quiet", *arguments]


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "MARIMO_SKIP_UPDATE_CHECK": "1",
        # The server ends with this process, also when that is killed.
        "MARIMO_ANCESTOR_PID": str(os.getpid()),
    }


def _free_port(port: int) -> int:
    """Return ``port``, or a free one for 0. Raise ConfigError if it is in use."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"No server can listen on port {port} of {HOST}: {getattr(error, 'strerror', None) or error}. "
                "Choose another one; --port 0 takes a free one."
            ) from None
        return int(taken.getsockname()[1])


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", address: str) -> None:
    opener = build_opener(ProxyHandler({}))
    ends = time.monotonic() + MOST_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise MixpanelDataError(
                f"The server of the dashboard ended with code {process.returncode} before it answered."
            )
        with suppress(URLError, OSError), opener.open(f"{address}/health", timeout=5):
            return
        time.sleep(0.1)
    raise MixpanelDataError(f"The server of the dashboard did not answer in {MOST_SECONDS:.0f} s.")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    process.kill()
    process.wait()
