"""The one way to Mixpanel: every request of every API family passes here.

Credentials go on here, redirects end here, failures get their names here, and another try is made
here, only as long as no byte of an answer was handed on.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.api.deadlines import Deadline, current
from mixpanel_data._internal.api.errors import error_for
from mixpanel_data._internal.api.exchange import About, Exchange, told_of
from mixpanel_data._internal.api.gate import Gate, Permit, Uncounted
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.api.response_bodies import beginning, read_whole
from mixpanel_data._internal.api.retry import RetryPolicy
from mixpanel_data._internal.api.secret_bytes import SecretBytes
from mixpanel_data._internal.api.transport_errors import network_error
from mixpanel_data._internal.api.urls import Family
from mixpanel_data._internal.clock import ServerClock

_SLACK_SECONDS = 60.0
"""What the headers of an answer may take beyond the longest silence that may precede them."""

T = TypeVar("T")


@dataclass(frozen=True)
class ApiCall:
    """One operation to ask for; ``form`` is sent as the body."""

    family: Family
    operation: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None

    @property
    def counted_as(self) -> str:
        """What the gate is called with: ``pages`` for a follow-up page of profiles, which Mixpanel
        may not count."""
        return "pages" if self.form and "session_id" in self.form else self.family


@dataclass(frozen=True)
class Received:
    """A whole answer, and how many requests it took."""

    body: bytes
    requests: int
    about: About


@dataclass(frozen=True)
class Requester:
    """Sends calls; knows who asks, where, and how patiently."""

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

    def open(self, call: ApiCall) -> tuple[httpx.Response, int]:
        """A 200 answer whose body is still to be read, to be closed by the caller, and how many
        requests it took.

        Raises AuthenticationError, RateLimitError, QueryError, ServerError, or APIError for what is
        none of these.
        """
        return self._persist(call, lambda response: response)

    def read(self, call: ApiCall) -> Received:
        """The whole decoded body of a 200 answer, without the secret.

        Raises as :meth:`open`, and IncompleteExportError when the body still breaks off at the last
        try, or is beyond a bound.
        """

        def receive(response: httpx.Response) -> tuple[bytes, About]:
            about = self.about(response)
            with closing(response), told_of(about):
                return self.secret.removed(read_whole(response, self.bounds)), about

        (body, about), requests = self._persist(call, receive)
        return Received(body, requests, about)

    def about(self, response: httpx.Response) -> About:
        """What an error about ``response`` says of it."""
        return Exchange(response, self.redactor, lambda: beginning(response)).about

    def _persist(self, call: ApiCall, receive: Callable[[httpx.Response], T]) -> tuple[T, int]:
        for attempt in self.retry.attempts():
            permit = (
                self.gate(call.counted_as) or Uncounted()
            )  # outside the attempt: its refusal is final
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
        return self.http.build_request(
            call.method,
            f"{self.urls[call.family]}/{call.operation}",
            params=call.params,
            data=call.form,
            headers={"Accept-Encoding": "gzip", "User-Agent": "mixpanel_data"},
            timeout=self.timeouts[call.family],
            extensions=permit.extensions,
        )

    def _answer(self, request: httpx.Request, family: Family) -> httpx.Response:
        deadline = self._deadline(family)
        token = current.set(deadline)
        try:
            response = self.http.send(request, auth=self.auth, stream=True, follow_redirects=False)
        except httpx.TransportError as error:
            raise network_error(error, self.redactor) from error
        finally:
            current.reset(token)
        deadline.answered()
        return response

    def _deadline(self, family: Family) -> Deadline:
        bounds = self.bounds
        return Deadline(
            begin=(self.timeouts[family].read or 0.0) + _SLACK_SECONDS,
            total=bounds.export_seconds if family == "export" else bounds.answer_seconds,
            lowest_rate=bounds.lowest_rate,
        )
