"""The errors of the library. Catch :class:`MixpanelDataError` for all of them; decide by type or
``code``, never by message.

MixpanelDataError             MIXPANEL_DATA_ERROR
├── ConfigError               CONFIG_ERROR
│   ├── AccountNotFoundError  ACCOUNT_NOT_FOUND
│   └── AccountExistsError    ACCOUNT_EXISTS
├── APIError                  API_ERROR          no answer, a redirect, or an answer nobody expected
│   ├── AuthenticationError   AUTH_FAILED        401, 403
│   ├── RateLimitError        RATE_LIMITED       429
│   ├── QueryError            QUERY_FAILED       400, 402, 404 and the other 4xx
│   └── ServerError           SERVER_ERROR       5xx
├── IncompleteExportError     INCOMPLETE_EXPORT  an answer that is not whole
├── TableExistsError          TABLE_EXISTS
├── TableNotFoundError        TABLE_NOT_FOUND
│   └── NothingPublishedError NOTHING_PUBLISHED
├── DatabaseLockedError       DATABASE_LOCKED
└── StorageError              STORAGE_FAILED     the disk is full, or may not be written
    ├── DatabaseDamagedError  DATABASE_DAMAGED   a database file is not as it was written
    └── DatabaseMissingError  DATABASE_MISSING   the raw database is gone, and other files show that it was there
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, Generic, Literal, TypedDict, TypeVar, Unpack, cast

from mixpanel_data._json_safe import json_safe
from mixpanel_data._redaction import redact, redact_tree

T = TypeVar("T")


class MixpanelDataError(Exception):
    """A message for people, a stable ``code`` for programs, and ``details`` that JSON can hold.

    Pickles and copies whole, as orchestrators require.
    """

    code: ClassVar[str] = "MIXPANEL_DATA_ERROR"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = json_safe(details or {})

    def to_dict(self) -> dict[str, Any]:
        """``{"code", "message", "details"}``, ready for ``json.dumps``."""
        return {"code": self.code, "message": self.message, "details": json_safe(self.details)}

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the constructor with args, but ours take more than the message.
        return _rebuild, (type(self), self.message), self.__dict__


def _rebuild(kind: type[MixpanelDataError], message: str) -> MixpanelDataError:
    return kind.__new__(kind, message)


class _Detail(Generic[T]):
    """One of an error's details, as an attribute with a type."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, error: Any, owner: type) -> T:
        return cast(T, self if error is None else error.details.get(self._name))


class ConfigError(MixpanelDataError):
    """A setting or the accounts file is missing, malformed or contradictory."""

    code = "CONFIG_ERROR"


class AccountNotFoundError(ConfigError):
    """No account of this name in the accounts file."""

    code = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_name: str, available_accounts: Iterable[str] = ()) -> None:
        available = list(available_accounts)
        known = f"Known accounts: {', '.join(available)}." if available else "There are none yet."
        super().__init__(
            f"There is no account '{account_name}'. {known} `mp auth add` makes one.",
            details={"account_name": account_name, "available_accounts": available},
        )

    account_name = _Detail[str]("The name asked for.")
    available_accounts = _Detail[list[str]]("The names that exist.")


class AccountExistsError(ConfigError):
    """The accounts file has an account of this name already; it was not changed."""

    code = "ACCOUNT_EXISTS"

    def __init__(self, account_name: str) -> None:
        super().__init__(
            f"There is an account '{account_name}' already. `mp auth remove` takes it away, "
            "or choose another name.",
            details={"account_name": account_name},
        )

    account_name = _Detail[str]("The name asked for.")


class HTTPContext(TypedDict, total=False):
    """What was asked and answered."""

    status_code: int | None
    response_body: str | dict[str, Any] | list[Any] | None
    request_method: str | None
    request_url: str | None
    request_params: Mapping[str, Any] | None
    request_body: str | Mapping[str, Any] | None


class _AboutRequest:
    """What was asked and answered, as attributes."""

    status_code = _Detail[int | None]("The HTTP status; None when there was no answer.")
    response_body = _Detail[Any](
        "The answer, or how it begins: JSON as dict or list, otherwise text; None when there was none. Long ones are cut."
    )
    request_method = _Detail[str | None]("``GET`` or ``POST``.")
    request_url = _Detail[str | None]("The address, without its query.")
    request_params = _Detail[dict[str, Any] | None]("The query of the address.")
    request_body = _Detail[Any]("What was sent: a form as dict, otherwise text.")


def _context(http: HTTPContext, details: Mapping[str, Any]) -> dict[str, Any]:
    """Both as details, without what looks like credentials."""
    context = dict.fromkeys(HTTPContext.__annotations__) | json_safe(http)
    clean: dict[str, Any] = redact_tree({**context, **json_safe(details)})
    return clean


class APIError(MixpanelDataError, _AboutRequest):
    """Mixpanel could not be reached or did not answer as hoped.

    What looks like credentials is taken out of the message and of every part of the context;
    whoever knows the account's secret takes it out first.
    """

    code = "API_ERROR"

    def __init__(
        self,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        **http: Unpack[HTTPContext],
    ) -> None:
        super().__init__(redact(message), details=_context(http, details or {}))


class AuthenticationError(APIError):
    """Mixpanel refused the credentials, or the account may not do this."""

    code = "AUTH_FAILED"


class RateLimitError(APIError):
    """The project's request budget is spent: 60 an hour and API family (Mixpanel's page on rate
    limits)."""

    code = "RATE_LIMITED"

    def __init__(
        self,
        message: str,
        *,
        retry_after: int | None = None,
        details: Mapping[str, Any] | None = None,
        **http: Unpack[HTTPContext],
    ) -> None:
        super().__init__(message, details={"retry_after": retry_after, **(details or {})}, **http)

    retry_after = _Detail[int | None](
        "Seconds until another try makes sense; None when Mixpanel did not say."
    )


class QueryError(APIError):
    """Mixpanel understood who asks but refuses what is asked."""

    code = "QUERY_FAILED"

    plan_limit = _Detail[Literal["call", "history"] | None](
        "What the project's plan does not include, so that another try never helps: this call, or days this old."
    )


class ServerError(APIError):
    """Mixpanel failed; the same request may succeed later."""

    code = "SERVER_ERROR"


OTHER_BASIS = "do not fit the time basis"
"""The reason of an export that is whole, and whose days are those of another zone than configured.
"""


class IncompleteExportError(MixpanelDataError, _AboutRequest):
    """An answer broke off or is not whole, so none of it may be loaded.

    ``reason`` is a short stable text such as ``"cut gzip"``, ``"terminated early"`` or
    ``"connection broken"``; ``explanation``, a sentence or two, says more. Days are dates or ISO
    texts, both included. What was asked and how the answer begins is in the details as in those of
    an APIError, without credentials.
    """

    code = "INCOMPLETE_EXPORT"

    def __init__(
        self,
        explanation: str = "",
        *,
        reason: str,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        details: Mapping[str, Any] | None = None,
        **http: Unpack[HTTPContext],
    ) -> None:
        first, last = (_iso(day) for day in (from_date or to_date, to_date or from_date))
        known = {"reason": reason, "explanation": explanation, "from_date": first, "to_date": last}
        super().__init__(
            _incomplete(reason, redact(explanation), first, last),
            details=_context(http, {**known, **(details or {})}),
        )

    reason = _Detail[str]("What was wrong, in a few stable words.")
    from_date = _Detail[str | None](
        "The first of the days that are not loaded, as ``YYYY-MM-DD``; None for profiles."
    )
    to_date = _Detail[str | None](
        "The last of the days that are not loaded, as ``YYYY-MM-DD``; None for profiles."
    )


def _iso(day: date | str | None) -> str | None:
    return day.isoformat() if isinstance(day, date) else day


def _incomplete(reason: str, explanation: str, first: str | None, last: str | None) -> str:
    days = first if first == last else f"{first} to {last}"
    what = f"The events of {days}" if first else "Mixpanel's answer"
    wrong = reason if reason == OTHER_BASIS else f"did not arrive whole: {reason}"
    again = f"`mp sync --from {first} --to {last}`" if first else "`mp sync`"
    said = f" {explanation.rstrip()}" if explanation else ""
    return f"{what} {wrong}.{said} Nothing of it was loaded; {again} fetches it again."


class TableExistsError(MixpanelDataError):
    """A table of this name is there already; it was not changed."""

    code = "TABLE_EXISTS"

    def __init__(self, table_name: str) -> None:
        super().__init__(
            f"There is a table '{table_name}' already. Choose another name, or add to a fetched one: "
            "append=True, `--append`.",
            details={"table_name": table_name},
        )

    table_name = _Detail[str]("The name asked for.")


class TableNotFoundError(MixpanelDataError):
    """No table of this name. ``advice``, a sentence or two, says what to do about it."""

    code = "TABLE_NOT_FOUND"

    def __init__(
        self, table_name: str, available_tables: Iterable[str] = (), *, advice: str = ""
    ) -> None:
        available = list(available_tables)
        known = (
            f"There are: {', '.join(available)}."
            if available
            else "There are none yet: `mp sync`, `mp fetch` or `Workspace.fetch_events` brings some."
        )
        said = (f"There is no table '{table_name}'.", advice, known)
        super().__init__(
            " ".join(filter(None, said)),
            details={"table_name": table_name, "available_tables": available},
        )

    table_name = _Detail[str]("The name asked for.")


class NothingPublishedError(TableNotFoundError):
    """The data folder has no published tables yet."""

    code = "NOTHING_PUBLISHED"

    def __init__(self, data_dir: str) -> None:
        MixpanelDataError.__init__(
            self,
            f"Nothing is published in {data_dir} yet. Run `mp sync` first, or name another folder: --data-dir.",
            details={"data_dir": data_dir},
        )

    data_dir = _Detail[str]("The data folder.")


class DatabaseLockedError(MixpanelDataError):
    """Another process loads, builds or publishes in this data folder. The details name it as far as
    it is known."""

    code = "DATABASE_LOCKED"

    pid = _Detail[int | None]("The holder's process.")
    command = _Detail[str | None]("What it was started as.")
    since = _Detail[str | None]("Since when it holds the lock, an ISO time in UTC.")


class StorageError(MixpanelDataError):
    """The machine refused: no room, no permission, not enough memory, or a disk that failed."""

    code = "STORAGE_FAILED"


class DatabaseDamagedError(StorageError):
    """A database of the data folder can't be read whole: a disk, a copying tool or another program
    damaged it."""

    code = "DATABASE_DAMAGED"

    path = _Detail[str | None]("The damaged file.")
    readable = _Detail[list[str] | None](
        "Its tables that can be read whole, where they were looked at."
    )
    unreadable = _Detail[list[str] | None]("Its tables that can't.")


class DatabaseMissingError(StorageError):
    """The raw database is gone, and other files of the data folder show that it was there."""

    code = "DATABASE_MISSING"

    path = _Detail[str]("Where it was.")


class RejectedLinesWarning(UserWarning):
    """Lines of an answer could not be read and were left out, or were repaired; the message says
    how many and where."""


class ConfigWarning(UserWarning):
    """A setting or an argument that works, but perhaps not as it was meant."""
