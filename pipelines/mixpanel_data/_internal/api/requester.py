"""Sends every request to Mixpanel, for all API families.

It adds the credentials, rejects redirects, translates failures, and retries only while no byte of a
response has been returned to the caller.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.api.deadlines import Deadline, current_deadline
from mixpanel_data._internal.api.errors import error_for, request_context
from mixpanel_data._internal.api.exchange import About, Exchange, add_request_context
from mixpanel_data._internal.api.gate import Gate, Permit, UncountedPermit
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.api.response_bodies import first_bytes, read_whole
from mixpanel_data._internal.api.retry import OnRetry, RetryPolicy, ignore_retry
from mixpanel_data._internal.api.secret_bytes import SecretBytes
from mixpanel_data._internal.api.transport_errors import network_error
from mixpanel_data._internal.api.urls import Family
from mixpanel_data._internal.clock import ServerClock
from mixpanel_data.exceptions import HTTPContext, QueryError

_SLACK_SECONDS = 60.0
"""Seconds for the headers of a response, beyond the longest silence that may precede them."""

T = TypeVar("T")


@dataclass(frozen=True)
class ApiCall:
    """One operation to call; ``form`` is sent as the body."""

    family: Family
    operation: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None

    @property
    def counted_as(self) -> str:
        """The name given to the gate: ``pages`` for a follow-up page of profiles.

        Mixpanel may not count those against its limits.
        """
        return "pages" if self.form and "session_id" in self.form else self.family


@dataclass(frozen=True)
class Received:
    """A complete response, and the number of requests sent for it."""

    body: bytes
    requests: int
    about: About


@dataclass(frozen=True)
class Requester:
    """Sends calls with one account's credentials, addresses, timeouts and retry policy."""

    http: httpx.Client
    auth: httpx.Auth = field(repr=False)
    urls: Mapping[Family, str]
    timeouts: Mapping[Family, httpx.Timeout]
    gate: Gate
    retry: RetryPolicy
    redactor: Redactor
    secret: SecretBytes
    bounds: Bounds
    clock: ServerClock = field(default_factory=ServerClock)
    on_retry: OnRetry = ignore_retry

    def open(self, call: ApiCall) -> tuple[httpx.Response, int]:
        """Return a 200 response with an unread body, and the number of requests sent.

        The caller must close the response. Raises AuthenticationError, RateLimitError, QueryError,
        ServerError, or APIError for any other failure.
        """
        return self._persist(call, lambda response: response)

    def read(self, call: ApiCall) -> Received:
        """Return the complete, decoded body of a 200 response, without the secret.

        Raises like :meth:`open`, and IncompleteExportError if the body ends early in the last
        attempt, too, or exceeds a limit.
        """

        def receive(response: httpx.Response) -> tuple[bytes, About]:
            about = self.about(response)
            with closing(response), add_request_context(about):
                return self.secret.remove(read_whole(response, self.bounds)), about

        (body, about), requests = self._persist(call, receive)
        return Received(body, requests, about)

    def about(self, response: httpx.Response) -> About:
        """Return the function that describes ``response`` for an error."""
        return Exchange(response, self.redactor, lambda: first_bytes(response)).about

    def request(self, response: httpx.Response) -> HTTPContext:
        """Return the request of ``response`` and its status, without secrets."""
        context = request_context(response.request, self.redactor)
        context["status_code"] = response.status_code
        return context

    def _persist(self, call: ApiCall, receive: Callable[[httpx.Response], T]) -> tuple[T, int]:
        for attempt in self.retry.attempts(self.on_retry):
            # Outside the attempt: an error of the gate is not retried.
            permit = self.gate(call.counted_as) or UncountedPermit()
            with attempt:
                return receive(self._send(call, permit)), attempt.num
        raise AssertionError("the last attempt returns or raises")

    def _send(self, call: ApiCall, permit: Permit) -> httpx.Response:
        with permit:
            response = self._answer(self._request(call, permit), call.family)
            self.clock.read(response.headers)
            if response.status_code == 200:
                return permit.hold(response)
            with closing(response):
                raise error_for(response, self.redactor)

    def _request(self, call: ApiCall, permit: Permit) -> httpx.Request:
        url = f"{self.urls[call.family]}/{call.operation}"
        try:
            return self.http.build_request(
                call.method,
                url,
                params=call.params,
                data=call.form,
                headers={"Accept-Encoding": "gzip", "User-Agent": "mixpanel_data"},
                timeout=self.timeouts[call.family],
                extensions=permit.extensions,
            )
        except httpx.InvalidURL:
            longest = max(call.params, key=lambda name: len(call.params[name]), default="")
            raise QueryError(
                f"The request is too long to be sent: its parameter {longest!r} has "
                f"{len(call.params.get(longest, '')):,} characters. Ask for fewer or shorter names.",
                request_method=call.method,
                request_url=self.redactor(url),
            ) from None

    def _answer(self, request: httpx.Request, family: Family) -> httpx.Response:
        deadline = self._deadline(family)
        token = current_deadline.set(deadline)
        try:
            response = self.http.send(request, auth=self.auth, stream=True, follow_redirects=False)
        except httpx.TransportError as error:
            raise network_error(error, self.redactor) from error
        finally:
            current_deadline.reset(token)
        deadline.mark_answered()
        return response

    def _deadline(self, family: Family) -> Deadline:
        bounds = self.bounds
        return Deadline(
            begin=(self.timeouts[family].read or 0.0) + _SLACK_SECONDS,
            total=bounds.export_seconds if family == "export" else bounds.answer_seconds,
            lowest_rate=bounds.lowest_rate,
        )
