"""Questions to Mixpanel's query API, with the answers that are no answers told apart."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from mixpanel_data._internal.api.parameters import drop_none
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data.exceptions import APIError, AuthenticationError, QueryError

# Mixpanel's page on exporting all data.
_PLANS = (
    "Reports and lists of events and properties need Mixpanel's query API, which the Growth and Enterprise plans have. "
    "Raw events and profiles come with every plan: `mp sync`, then ask the database."
)


class QueryAPI:
    """The query API of one project, or of one data view of it (``workspace_id``)."""

    def __init__(self, client: MixpanelAPIClient, workspace_id: int | None = None) -> None:
        self._client = client
        self._view = drop_none(workspace_id=workspace_id)

    def get(self, operation: str, **parameters: str | int | None) -> AbstractContextManager[Any]:
        """The parsed answer, for a block whose errors about it say what was asked; parameters that
        are None are left out.

        Raises what :meth:`MixpanelAPIClient.query` raises; what may be the plan's fault says so.
        """
        return self._ask(operation, drop_none(**parameters), None)

    def post(self, operation: str, **form: str | int | None) -> AbstractContextManager[Any]:
        """As :meth:`get`, with the parameters in a form."""
        return self._ask(operation, {}, drop_none(**form))

    @contextmanager
    def _ask(
        self, operation: str, params: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Iterator[Any]:
        with ExitStack() as asked:
            try:
                answer = asked.enter_context(
                    self._client.query(operation, {**self._view, **params}, form=form)
                )
            except (QueryError, AuthenticationError) as error:
                raise _explained(error) from error.__cause__
            said = answer.get("error") if isinstance(answer, dict) else None
            if isinstance(said, str):  # a property may be called "error", but its value is no text
                raise QueryError(f"Mixpanel refused the request: {said[:300]}")
            yield answer


def _explained(error: APIError) -> APIError:
    """The error, with what plans have to do with it."""
    if isinstance(error, QueryError) and error.plan_limit == "call":
        return QueryError(f"{error.message} {_PLANS}", details=error.details)
    if error.status_code == 403:  # the text of a plan's refusal is not documented
        return AuthenticationError(
            f"{error.message} Or the plan is the reason: {_PLANS}", details=error.details
        )
    return error
