"""Sends messages through apprise, and requests the URL of a dead man's switch, within a time limit.

Each target has a thread of its own, so that one that does not answer delays neither the others nor
the end of the process.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from mixpanel_data._internal.alerts.configuration import AlertSettings, Kind
from mixpanel_data._redaction import REDACTED, redact
from mixpanel_data.exceptions import ConfigError

NEEDS_APPRISE = "Alerts need apprise: pip install 'mixpanel-data[alerts]'"

_STYLES = {"recovered": "success", "schema_change": "info", "late": "warning", "test": "info"}
# Their messages have whole addresses, and so the tokens of webhooks.
_LOGGERS = (
    *("apprise", "requests", "urllib3.connectionpool", "urllib3.util.retry"),
    *("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"),
)
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Message:
    """An alert as it is sent."""

    kind: Kind | str
    title: str
    body: str


@dataclass
class Delivery:
    """What became of the messages to one target."""

    target: str
    """The service and its host, without secrets."""
    received: list[Message] = field(default_factory=list)
    """The messages that the target accepted."""
    problem: str = ""
    """Why others were not accepted."""


def send(
    settings: AlertSettings, messages: Sequence[Message], *, ping: bool = False
) -> list[Delivery]:
    """Send each message to each target, and return the outcome by target.

    Takes at most the ``timeout`` of the settings. No error is raised.

    Args:
        settings: The targets, and the time limit.
        messages: What to send, in this order.
        ping: Whether to request ``ping_url`` as well.
    """
    jobs: list[tuple[Delivery, Callable[[Delivery], None]]] = []
    if messages:
        for number, secret in enumerate(settings.urls, 1):
            url = secret.get_secret_value()
            jobs.append((Delivery(f"target {number}"), _to_target(url, messages)))
    if ping and settings.ping_url:
        url = settings.ping_url.get_secret_value()
        jobs.append((Delivery(ping_name(url)), _to_ping_url(url, settings.timeout)))
    ends_at = time.monotonic() + settings.timeout
    threads = []
    for delivery, job in jobs:
        thread = threading.Thread(target=_run_muted, args=(job, delivery), daemon=True)
        thread.start()
        threads.append(thread)
    for thread, (delivery, _) in zip(threads, jobs, strict=True):
        thread.join(max(0.0, ends_at - time.monotonic()))
        if thread.is_alive():
            delivery.problem = f"no answer within {settings.timeout:g} s"
    # Copies: a thread that is still alive must not change what was reported.
    return [Delivery(each.target, list(each.received), each.problem) for each, _ in jobs]


def _to_target(url: str, messages: Sequence[Message]) -> Callable[[Delivery], None]:
    def job(delivery: Delivery) -> None:
        service = _service(url)
        delivery.target = f"{delivery.target}, {_name(service)}"
        import apprise

        to = apprise.Apprise(asset=service.asset)
        to.add(service)
        for message in messages:
            accepted = to.notify(
                title=message.title,
                body=message.body,
                notify_type=_STYLES.get(message.kind, "failure"),
                body_format=apprise.NotifyFormat.TEXT,
            )
            if accepted:
                delivery.received.append(message)
            else:
                reasons = _mute.reasons()
                delivery.problem = without_secrets(
                    reasons[-1] if reasons else "it was refused", [url]
                )

    return job


def _service(url: str) -> Any:
    """Return apprise's service for a URL.

    Raises:
        ConfigError: if apprise is not installed or does not know the URL.
    """
    try:
        # Only here: it takes half a second, and most runs send nothing.
        import apprise
    except ImportError:
        raise ConfigError(NEEDS_APPRISE) from None
    # Not asynchronous: the process would wait for apprise's own threads when it ends.
    asset = apprise.AppriseAsset(
        app_id="mixpanel_data", app_desc="mixpanel_data", app_url="", async_mode=False
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if not isinstance(service, apprise.NotifyBase):
        raise ConfigError("apprise does not know this URL: see `apprise --details`")
    return service


def target_names(settings: AlertSettings) -> list[tuple[str, str]]:
    """Return the name of each target, without secrets, and why it can't be used, or an empty text.

    Nothing is sent. No error is raised.
    """
    found = []

    def job(delivery: Delivery) -> None:
        delivery.target = f"{delivery.target}, {_name(_service(url))}"

    for number, secret in enumerate(settings.urls, 1):
        url = secret.get_secret_value()
        delivery = Delivery(f"target {number}")
        _run_muted(job, delivery)
        found.append((delivery.target, delivery.problem))
    return found


def _name(service: object) -> str:
    """Return the name of a service, with its host if its URLs have one and not a token there."""
    name = str(getattr(service, "service_name", type(service).__name__))
    templates = getattr(service, "templates", ())
    host, port = getattr(service, "host", None), getattr(service, "port", None)
    if not host or not any("{host}" in template for template in templates):
        return name
    return f"{name} at {host}:{port}" if port else f"{name} at {host}"


def _to_ping_url(url: str, seconds: float) -> Callable[[Delivery], None]:
    def job(delivery: Delivery) -> None:
        try:
            answer = httpx.get(url, timeout=seconds, follow_redirects=True)
            answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            delivery.problem = f"HTTP status {error.response.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            delivery.problem = without_secrets(f"{type(error).__name__}: {error}", [url])

    return job


def ping_name(url: str) -> str:
    host = ""
    with suppress(ValueError):
        host = urlsplit(url).hostname or ""
    return f"ping_url at {host}" if host else "ping_url"


def _run_muted(job: Callable[[Delivery], None], delivery: Delivery) -> None:
    """Run a job whose log messages nobody sees; an error becomes the problem of the delivery."""
    with _mute:
        try:
            job(delivery)
        except ConfigError as error:
            delivery.problem = str(error)
        except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
            # Only the type: the text may have the address.
            delivery.problem = type(error).__name__


class _Mute(logging.Filter):
    """Keeps log messages of the threads inside the block from all logs, and remembers the warnings
    of apprise, which returns no reasons."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.local()
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def __enter__(self) -> None:
        self._thread.reasons = []

    def __exit__(self, *_: object) -> None:
        del self._thread.reasons

    def filter(self, record: logging.LogRecord) -> bool:
        reasons: list[str] | None = getattr(self._thread, "reasons", None)
        if reasons is None:
            return True
        if record.name == "apprise" and record.levelno >= logging.WARNING:
            reasons.append(record.getMessage())
        return False

    def reasons(self) -> list[str]:
        """Return the warnings of this thread, oldest first."""
        return list(self._thread.reasons)


_mute = _Mute()


def without_secrets(text: str, urls: Sequence[str]) -> str:
    """Return ``text`` without any part of the URLs that may be a secret.

    Args:
        text: A text for people.
        urls: URLs with passwords or tokens; their hosts are no secrets.
    """
    for part in sorted({part for url in urls for part in _parts(url)}, key=len, reverse=True):
        text = text.replace(part, REDACTED)
    return redact(text)


def _parts(url: str) -> list[str]:
    """Return what may be a secret in a URL: user, password, path, values of its query, and what
    takes the place of the host without being one, as in ``slack://token/token``."""
    _, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    place = place if at else rest
    host, _, path = place.partition("/")
    name = host.partition(":")[0]
    found = [*login.split(":"), path]
    if "." not in name and name != "localhost" and not host.startswith("["):
        found.append(host)
    for sign in "/?&=":
        found = [piece for part in found for piece in part.split(sign)]
    return [part for part in found if len(part) >= _SHORTEST_SECRET]
