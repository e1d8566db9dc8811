"""Calls Mixpanel's query API, and detects errors in responses with status 200."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from mixpanel_data._internal.api.parameters import drop_none
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data.exceptions import APIError, AuthenticationError, QueryError

# Mixpanel's page on exporting all data.
_PLANS = (
    "Reports and lists of events and properties need Mixpanel's query API, which the Growth and "
    "Enterprise plans have. Every plan includes raw events and profiles: `mp sync`, then query the "
    "database."
)


class QueryAPI:
    """The query API of one project, or of one of its data views (``workspace_id``)."""

    def __init__(self, client: MixpanelAPIClient, workspace_id: int | None = None) -> None:
        self._client = client
        # Sent with each request; empty without a data view.
        self._view = drop_none(workspace_id=workspace_id)

    def get(self, operation: str, **parameters: str | int | None) -> AbstractContextManager[Any]:
        """Open the parsed response; errors about it in the block get the request and response.

        Parameters that are None are omitted. Raises like :meth:`MixpanelAPIClient.query`; errors
        that may be due to the project's plan have a hint.
        """
        return self._request(operation, drop_none(**parameters), None)

    def post(self, operation: str, **form: str | int | None) -> AbstractContextManager[Any]:
        """Like :meth:`get`, with the parameters in a form."""
        return self._request(operation, {}, drop_none(**form))

    @contextmanager
    def _request(
        self, operation: str, params: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Iterator[Any]:
        with ExitStack() as stack:
            try:
                answer = stack.enter_context(
                    self._client.query(operation, {**self._view, **params}, form=form)
                )
            except (QueryError, AuthenticationError) as error:
                raise _with_plan_hint(error) from error.__cause__
            message = answer.get("error") if isinstance(answer, dict) else None
            # A property may be named "error", but its value is not a text.
            if isinstance(message, str):
                raise QueryError(f"Mixpanel rejected the request: {message[:300]}")
            yield answer


def _with_plan_hint(error: APIError) -> APIError:
    """Return the error, with a hint about plans where that may be the reason."""
    if isinstance(error, QueryError) and error.plan_limit == "call":
        return QueryError(f"{error.message} {_PLANS}", details=error.details)
    is_too_old = isinstance(error, QueryError) and error.plan_limit == "history"
    if error.status_code == 403 and not is_too_old:  # the text of a plan's error is not documented
        return AuthenticationError(
            f"{error.message} Or the plan is the reason: {_PLANS}", details=error.details
        )
    return error
