"""A Mixpanel project for development, on 127.0.0.1."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import date
from types import TracebackType
from typing import Literal, Self

from mixpanel_data.sandbox.app import build_app
from mixpanel_data.sandbox.calls import CallLog
from mixpanel_data.sandbox.dataset import Dataset
from mixpanel_data.sandbox.faults import Faults
from mixpanel_data.sandbox.project import Clock, Project, SandboxCredentials
from mixpanel_data.sandbox.server import Server, listen
from mixpanel_data.sandbox.wire import Connections

USERNAME = "sandbox.mp-service-account"
SECRET = "sandbox-secret"  # noqa: S105  # opens nothing but this loopback server
PROJECT_ID = "1234567"


class Sandbox:
    """A running server, as a context manager.

    ``dataset`` None is an empty one. ``today`` fixes the last day that may be requested, otherwise
    ``clock`` (seconds since the epoch; also used by the rate limits) gives it. ``retry_after`` is
    the header of the rate limits' 429; None omits it, as Mixpanel documents. ``hourly_limit``, and
    whether follow-up pages of profiles count (``pages_count``), differ between Mixpanel's projects
    and servers. ``total_on_later_pages`` False omits ``total`` in engage's pages after the first.
    ``sampled``: ``/events`` estimates its counts from a tenth of the users. Whether it counts events
    that Lexicon hides (``hidden_counted``) is not documented. ``history_days`` is how far back the
    plan lets reports go.
    """

    def __init__(
        self,
        dataset: Dataset | None = None,
        *,
        rate_limits: bool = False,
        retry_after: int | None = None,
        hourly_limit: int = 60,
        pages_count: bool = True,
        username: str = USERNAME,
        secret: str = SECRET,
        project_id: str = PROJECT_ID,
        region: str = "us",
        today: date | None = None,
        clock: Clock = time.time,
        timezone: str = "UTC",
        time_basis: Literal["utc", "project"] = "utc",
        total_on_later_pages: bool = True,
        sampled: bool = False,
        hidden_counted: bool = True,
        history_days: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.project = Project(
            credentials=SandboxCredentials(username, secret, str(project_id), region),
            dataset=Dataset.empty() if dataset is None else dataset,
            clock=clock,
            timezone=timezone,
            time_basis=time_basis,
            fixed_today=today,
            total_on_later_pages=total_on_later_pages,
            sampled=sampled,
            hidden_counted=hidden_counted,
            history_days=history_days,
        )
        self.faults = Faults()
        self._address = host, port
        connections = Connections()
        app = build_app(
            self.project,
            self.faults,
            connections,
            rate_limits=rate_limits,
            retry_after=retry_after,
            hourly_limit=hourly_limit,
            pages_count=pages_count,
        )
        self._server = Server(app, connections)
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port; the paths of all API families follow it."""
        return "http://{}:{}".format(*self._address)

    @property
    def credentials(self) -> SandboxCredentials:
        """The credentials that the server accepts."""
        return self.project.credentials

    @property
    def dataset(self) -> Dataset:
        """The data that the server serves; may be changed at any time."""
        return self.project.dataset

    @property
    def requests(self) -> CallLog:
        """All requests so far, answered or not."""
        return self.project.calls

    def env(self) -> dict[str, str]:
        """Return the environment that configures `mp` and the library for this server."""
        return {
            "MP_USERNAME": self.credentials.username,
            "MP_SECRET": self.credentials.secret,
            "MP_PROJECT_ID": self.credentials.project_id,
            "MP_REGION": self.credentials.region,
            "MP_API_BASE_URL": self.base_url,
        }

    def start(self) -> None:
        """Serve in a thread, and return when connections are accepted."""
        self._thread = threading.Thread(
            target=self._server.run, args=([self._open()],), name="mixpanel-sandbox", daemon=True
        )
        self._thread.start()
        self._server.wait_until_ready()

    def run(self, announce: Callable[[], None]) -> None:
        """Serve in this thread until a signal or ``stop``; call ``announce`` once connections are
        accepted."""
        listener = self._open()
        announce()
        self._server.run([listener])

    def stop(self) -> None:
        """Drop all connections, close the port, and end the thread."""
        self._server.stop()
        if self._thread:
            self._thread.join()
            self._thread = None

    def _open(self) -> socket.socket:
        listener = listen(*self._address)
        host, port = listener.getsockname()
        self._address = host, port
        return listener

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
