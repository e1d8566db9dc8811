"""The client of one Mixpanel project."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from typing import Any, Self

import httpx

from mixpanel_data._internal.api.answer_cache import ResponseCache
from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.api.deadlines import with_deadlines
from mixpanel_data._internal.api.engage_pages import EngagePage, engage_pages
from mixpanel_data._internal.api.exchange import add_request_context
from mixpanel_data._internal.api.export_stream import ExportStream
from mixpanel_data._internal.api.gate import Gate
from mixpanel_data._internal.api.http_client import new_http_client
from mixpanel_data._internal.api.log_redaction import redact_logs
from mixpanel_data._internal.api.parameters import drop_none, json_array, json_object, json_value
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.api.requester import ApiCall, Received, Requester
from mixpanel_data._internal.api.retry import OnRetry, RetryPolicy, ignore_retry
from mixpanel_data._internal.api.secret_bytes import SecretBytes
from mixpanel_data._internal.api.urls import Family, api_urls
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.clock import ServerClock

__all__ = ["EngagePage", "ExportStream", "MixpanelAPIClient"]

# Seconds without a byte. Mixpanel's edge ends a query after about 488, an app call after about 120.
_QUERY_READ_TIMEOUT = 500.0
_APP_READ_TIMEOUT = 135.0


class MixpanelAPIClient:
    """Reads the events and profiles of one project, unparsed. Safe to share between threads.

    ``base_url`` replaces the hosts of all API families (sandbox, proxy). ``gate`` is called with
    the family (``export``, ``query``, ``app``) before every HTTP request, including retries. Waits
    and time limits are seconds: ``export_read_timeout`` is the longest silence inside an export,
    ``max_rate_limit_wait`` the longest wait for a 429 before it is raised; None leaves 429s to the
    gate. ``answers`` caches responses of the query API, ``bounds`` limits responses. ``on_retry``
    is called before each retry after a failure of the server or the network.

    Raises:
        ConfigError: if ``base_url`` is malformed, or is plain http to another machine without
            ``allow_http``.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        gate: Gate | None = None,
        max_attempts: int = 4,
        retry_wait_initial: float = 2.0,
        retry_wait_max: float = 60.0,
        max_rate_limit_wait: float | None = 60.0,
        export_read_timeout: float = 300.0,
        answers: ResponseCache | None = None,
        bounds: Bounds | None = None,
        allow_http: bool = False,
        on_retry: OnRetry = ignore_retry,
        _http_client: httpx.Client | None = None,
        _transport: httpx.BaseTransport | None = None,
    ) -> None:
        urls = api_urls(credentials.region, base_url, allow_http=allow_http)
        http = _http_client or _http(urls["export"], _transport)
        self._credentials = credentials
        self._owned = None if _http_client else http
        self._answers = answers
        self._requester = Requester(
            http=http,
            auth=_basic_auth(credentials),
            urls=urls,
            timeouts=_timeouts(export_read_timeout),
            gate=gate or (lambda _family: None),
            retry=RetryPolicy(
                max_attempts, retry_wait_initial, retry_wait_max, max_rate_limit_wait
            ),
            redactor=Redactor(credentials),
            secret=SecretBytes(credentials),
            bounds=bounds or Bounds(),
            on_retry=on_retry,
        )
        redact_logs(self._requester.redactor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"MixpanelAPIClient(project {self._credentials.project_id}, {self._credentials.region})"
        )

    def close(self) -> None:
        """Close the connections, except those of a client passed to the constructor."""
        if self._owned:
            self._owned.close()

    @property
    def clock(self) -> ServerClock:
        """The difference between this machine's clock and Mixpanel's, from the responses so far."""
        return self._requester.clock

    @contextmanager
    def export(
        self,
        from_date: date,
        to_date: date,
        *,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ExportStream]:
        """Open the raw export of ``from_date`` to ``to_date``, both included; ``time`` is in
        milliseconds.

        ``events`` are names, ``where`` is an expression of Mixpanel's segmentation language,
        ``limit`` is at most 100,000 events, in no order. An empty day is an empty body (Mixpanel's
        export OpenAPI file). Raises AuthenticationError, RateLimitError, QueryError, ServerError or
        APIError before the first byte, IncompleteExportError after it. Such errors raised in the
        block get the request and response.
        """
        params = drop_none(
            from_date=from_date.isoformat(),
            to_date=to_date.isoformat(),
            time_in_ms=True,
            event=json_array("events", events),
            where=where,
            limit=limit,
        )
        call = ApiCall("export", "export", params={**self._project, **params})
        response, requests = self._requester.open(call)
        about = self._requester.about(response)
        with closing(response), add_request_context(about):
            yield ExportStream(
                response,
                requests,
                from_date,
                to_date,
                about,
                request=self._requester.request(response),
                secret=self._requester.secret,
                bounds=self._requester.bounds,
            )

    def engage_pages(
        self,
        *,
        where: str | None = None,
        output_properties: Sequence[str] | None = None,
        page_size: int | None = None,
        data_group_id: str | None = None,
        include_all_users: bool | None = None,
        cohort_id: int | None = None,
    ) -> Iterator[EngagePage]:
        """Yield pages of all profiles, of the groups of ``data_group_id``, or of a saved cohort.

        All pages are from one session at Mixpanel. ``page_size`` is undocumented and may be
        ignored; the one in the response is used. Raises like :meth:`export`; after an
        IncompleteExportError the pages so far are of no use, and the read must restart.
        """
        filters = drop_none(
            where=where,
            output_properties=json_array("output_properties", output_properties),
            page_size=page_size,
            data_group_id=data_group_id,
            include_all_users=include_all_users,
            filter_by_cohort=None if cohort_id is None else json.dumps({"id": cohort_id}),
        )
        return engage_pages(self._engage, filters, self._requester.redactor)

    def me(self) -> dict[str, Any]:
        """Return the owner of the credentials, with their ``projects`` under ``results``
        (Mixpanel's app API).

        This is the cheapest check of credentials (Mixpanel's page on service accounts). Raises like
        :meth:`export`.
        """
        with self.open_me() as answer:
            return answer

    @contextmanager
    def open_me(self) -> Iterator[dict[str, Any]]:
        """Open the response of :meth:`me`; errors about it in the block get the request and
        response."""
        # Not scoped to a project; app routes may reject unknown parameters.
        with self._object(ApiCall("app", "me")) as answer:
            yield answer

    @contextmanager
    def query(
        self,
        operation: str,
        params: Mapping[str, str],
        *,
        form: Mapping[str, str] | None = None,
    ) -> Iterator[Any]:
        """Open the parsed response of one operation of the query API; a ``form`` is sent by POST.

        Raises like :meth:`export`, and APIError for a response that is not JSON. An APIError raised
        in the block gets the request and response.
        """
        method = "GET" if form is None else "POST"
        call = ApiCall("query", operation, method, params={**self._project, **params}, form=form)
        question = json.dumps(
            [self._requester.urls["query"], operation, sorted(call.params.items()), form],
            sort_keys=True,
        )
        if self._answers and (kept := self._answers.get(question)) is not None:
            yield json_value(kept)
            return
        received = self._requester.read(call)
        with add_request_context(received.about):
            yield json_value(received.body)
        if self._answers:  # not reached if the caller rejects the response
            self._answers.put(question, received.body)

    @contextmanager
    def app(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Open the parsed response of the app API for ``path`` in the project. Raises like
        :meth:`query`."""
        # The project is in the path here; app routes may reject unknown parameters.
        operation = f"projects/{self._credentials.project_id}/{path}"
        with self._object(ApiCall("app", operation, params=params)) as answer:
            yield answer

    @contextmanager
    def _object(self, call: ApiCall) -> Iterator[dict[str, Any]]:
        received = self._requester.read(call)
        with add_request_context(received.about):
            yield json_object(received.body)

    @property
    def _project(self) -> dict[str, str]:
        return {"project_id": self._credentials.project_id}

    def _engage(self, form: Mapping[str, str]) -> Received:
        call = ApiCall("query", "engage", "POST", params=self._project, form=form)
        return self._requester.read(call)


def _http(url: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    # Over plain http the environment's proxy would read the credentials; over https it can't.
    return with_deadlines(new_http_client(trust_env=url.startswith("https:"), transport=transport))


def _basic_auth(credentials: Credentials) -> httpx.BasicAuth:
    return httpx.BasicAuth(credentials.username, credentials.secret.get_secret_value())


def _timeouts(export_read: float) -> dict[Family, httpx.Timeout]:
    reads: dict[Family, float] = {
        "export": export_read,
        "query": _QUERY_READ_TIMEOUT,
        "app": _APP_READ_TIMEOUT,
    }
    return {
        family: httpx.Timeout(connect=10.0, read=read, write=30.0, pool=30.0)
        for family, read in reads.items()
    }
