"""A connection to one Mixpanel project."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from typing import Any, Self

import httpx

from mixpanel_data._internal.api.answer_cache import KeptAnswers
from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.api.deadlines import with_deadlines
from mixpanel_data._internal.api.engage_pages import EngagePage, engage_pages
from mixpanel_data._internal.api.exchange import told_of
from mixpanel_data._internal.api.export_stream import ExportStream
from mixpanel_data._internal.api.gate import Gate
from mixpanel_data._internal.api.log_redaction import redact_logs
from mixpanel_data._internal.api.parameters import given, json_object, json_value, names
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.api.requester import ApiCall, Received, Requester
from mixpanel_data._internal.api.retry import RetryPolicy
from mixpanel_data._internal.api.secret_bytes import SecretBytes
from mixpanel_data._internal.api.urls import Family, api_urls
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.clock import ServerClock

__all__ = ["EngagePage", "ExportStream", "MixpanelAPIClient"]

# Seconds without a byte. Mixpanel's edge gives up on a query after about 488, on an app call after
# about 120.
_QUERY_READ_TIMEOUT = 500.0
_APP_READ_TIMEOUT = 135.0


class MixpanelAPIClient:
    """Reads one project's events and profiles; hands their bytes on unparsed. Safe to share between
    threads.

    ``base_url`` puts all API families under one root (sandbox, proxy). ``gate`` is called with the
    family (``export``, ``query``, ``app``) before every HTTP request, retries included. Waits and
    time limits are in seconds: ``export_read_timeout`` is the longest silence inside an export,
    ``max_rate_limit_wait`` the longest wait that a 429 may cost before it is raised; None leaves
    429s to the gate. ``answers`` keeps answers of the query API for a while, ``bounds`` limits what
    an answer may be. Raises ConfigError for a malformed ``base_url``, and for one over plain http
    to another machine without ``allow_http``.
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
        answers: KeptAnswers | None = None,
        bounds: Bounds | None = None,
        allow_http: bool = False,
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
        """Ends the connections, except those of a client that was handed in."""
        if self._owned:
            self._owned.close()

    @property
    def clock(self) -> ServerClock:
        """What Mixpanel's answers so far say of this machine's clock."""
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
        """The raw export of ``from_date`` to ``to_date``, both included, with ``time`` in
        milliseconds.

        ``events`` are names, ``where`` is an expression of Mixpanel's segmentation language,
        ``limit`` at most 100,000 events in no order. An empty day is an empty body (Mixpanel's
        export OpenAPI file). Raises AuthenticationError, RateLimitError, QueryError, ServerError or
        APIError before the first byte, IncompleteExportError after it. Such an error that is raised
        in the block, about what came, says what was asked.
        """
        params = given(
            from_date=from_date.isoformat(),
            to_date=to_date.isoformat(),
            time_in_ms=True,
            event=names("events", events),
            where=where,
            limit=limit,
        )
        call = ApiCall("export", "export", params={**self._project, **params})
        response, requests = self._requester.open(call)
        about = self._requester.about(response)
        with closing(response), told_of(about):
            yield ExportStream(
                response,
                requests,
                from_date,
                to_date,
                about,
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
        """All profiles, or the groups of ``data_group_id``, or the users in a saved cohort: one
        page after the other, from one session at Mixpanel.

        ``page_size`` is undocumented and may be ignored; the answer's own counts. Raises as
        :meth:`export`; after an IncompleteExportError the pages so far are worth nothing and the
        read begins again.
        """
        filters = given(
            where=where,
            output_properties=names("output_properties", output_properties),
            page_size=page_size,
            data_group_id=data_group_id,
            include_all_users=include_all_users,
            filter_by_cohort=None if cohort_id is None else json.dumps({"id": cohort_id}),
        )
        return engage_pages(self._engage, filters, self._requester.redactor)

    def me(self) -> dict[str, Any]:
        """Who these credentials belong to, with their ``projects`` under ``results``, as Mixpanel's
        app API says it.

        The cheapest check of credentials (Mixpanel's page on service accounts). Raises as
        :meth:`export`.
        """
        with self.asking_me() as answer:
            return answer

    @contextmanager
    def asking_me(self) -> Iterator[dict[str, Any]]:
        """The answer of :meth:`me`, for a block whose errors about it say what was asked."""
        # Not scoped to a project; app routes may refuse parameters they do not know.
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
        """The parsed answer of one operation of the query API; asked by POST when there is a
        ``form``.

        Raises as :meth:`export`, and APIError for an answer that is not JSON. An APIError that is
        raised in the block, about the answer, says what was asked.
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
        with told_of(received.about):
            yield json_value(received.body)
        if self._answers:  # not reached when the caller finds that it is no answer
            self._answers.put(question, received.body)

    @contextmanager
    def app(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The parsed answer of the app API to ``path`` within the project. Raises as :meth:`query`."""
        # The project is in the path here; app routes may refuse parameters they do not know.
        operation = f"projects/{self._credentials.project_id}/{path}"
        with self._object(ApiCall("app", operation, params=params)) as answer:
            yield answer

    @contextmanager
    def _object(self, call: ApiCall) -> Iterator[dict[str, Any]]:
        received = self._requester.read(call)
        with told_of(received.about):
            yield json_object(received.body)

    @property
    def _project(self) -> dict[str, str]:
        return {"project_id": self._credentials.project_id}

    def _engage(self, form: Mapping[str, str]) -> Received:
        call = ApiCall("query", "engage", "POST", params=self._project, form=form)
        return self._requester.read(call)


def _http(url: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    # Over plain http the environment's proxy would read the credentials; over https it can't.
    return with_deadlines(httpx.Client(transport=transport, trust_env=url.startswith("https:")))


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
