"""The errors of the library. Catch :class:`MixpanelDataError` for all of them; decide by type or
``code``, never by message.

MixpanelDataError             MIXPANEL_DATA_ERROR
├── ConfigError               CONFIG_ERROR
│   ├── AccountNotFoundError  ACCOUNT_NOT_FOUND
│   └── AccountExistsError    ACCOUNT_EXISTS
├── APIError                  API_ERROR          no response, a redirect, or an unexpected one
│   ├── AuthenticationError   AUTH_FAILED        401, 403
│   ├── RateLimitError        RATE_LIMITED       429
│   ├── QueryError            QUERY_FAILED       400, 402, 404 and the other 4xx; SQL
│   │   └── QueryTimeoutError QUERY_TIMEOUT      SQL that was interrupted
│   └── ServerError           SERVER_ERROR       5xx
├── IncompleteExportError     INCOMPLETE_EXPORT  an incomplete response
├── TableExistsError          TABLE_EXISTS
├── TableNotFoundError        TABLE_NOT_FOUND
│   └── NothingPublishedError NOTHING_PUBLISHED
├── DatabaseLockedError       DATABASE_LOCKED
├── PublishTargetError        PUBLISH_TARGET_FAILED  a copy elsewhere was not made
└── StorageError              STORAGE_FAILED     the disk is full or not writable
    ├── DatabaseDamagedError  DATABASE_DAMAGED   a database file was changed or truncated
    └── DatabaseMissingError  DATABASE_MISSING   there was a raw database, and there is none now
"""

import errno
import os
import traceback
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, Generic, Literal, TypedDict, TypeVar, Unpack, cast

from mixpanel_data._json_safe import json_safe
from mixpanel_data._redaction import redact, redact_tree

T = TypeVar("T")


class MixpanelDataError(Exception):
    """An error with a message for people, a stable ``code`` for programs, and JSON-safe
    ``details``.

    It can be pickled and copied with all attributes, as orchestrators require. ``report`` is the
    ``SyncReport`` of a sync that fetched and loaded before it failed; None for all others.
    """

    code: ClassVar[str] = "MIXPANEL_DATA_ERROR"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = json_safe(details or {})
        self.report: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"code", "message", "details"}``, ready for ``json.dumps``."""
        return {"code": self.code, "message": self.message, "details": json_safe(self.details)}

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the constructor with args, but ours needs more than the message.
        return _rebuild, (type(self), self.message), self.__dict__


def _rebuild(kind: type[MixpanelDataError], message: str) -> MixpanelDataError:
    return kind.__new__(kind, message)


class _Detail(Generic[T]):
    """An entry of an error's details, as a typed attribute."""

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
    """There is no account of this name in the accounts file."""

    code = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_name: str, available_accounts: Iterable[str] = ()) -> None:
        available = list(available_accounts)
        known = f"Known accounts: {', '.join(available)}." if available else "There are none."
        super().__init__(
            f"There is no account '{account_name}'. {known} `mp auth add` creates one.",
            details={"account_name": account_name, "available_accounts": available},
        )

    account_name = _Detail[str]("The requested name.")
    available_accounts = _Detail[list[str]]("The names that exist.")


class AccountExistsError(ConfigError):
    """The accounts file already has an account of this name; it was not changed."""

    code = "ACCOUNT_EXISTS"

    def __init__(self, account_name: str) -> None:
        super().__init__(
            f"There is an account '{account_name}' already. Remove it with `mp auth remove`, "
            "or choose another name.",
            details={"account_name": account_name},
        )

    account_name = _Detail[str]("The requested name.")


class HTTPContext(TypedDict, total=False):
    """A request and its response."""

    status_code: int | None
    response_body: str | dict[str, Any] | list[Any] | None
    request_method: str | None
    request_url: str | None
    request_params: Mapping[str, Any] | None
    request_body: str | Mapping[str, Any] | None


class _RequestAttributes:
    """The request and response, as attributes."""

    status_code = _Detail[int | None]("The HTTP status; None without a response.")
    response_body = _Detail[Any](
        "The response body or its beginning: JSON as dict or list, otherwise text; None without a "
        "response."
    )
    request_method = _Detail[str | None]("``GET`` or ``POST``.")
    request_url = _Detail[str | None]("The address, without its query.")
    request_params = _Detail[dict[str, Any] | None]("The query of the address.")
    request_body = _Detail[Any]("The request body: a form as dict, otherwise text.")


def _context(http: HTTPContext, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return both as details, without anything that looks like credentials."""
    # An error of SQL or of a file has no request; its JSON needs no empty fields of one.
    context = dict.fromkeys(HTTPContext.__annotations__) | json_safe(http) if http else {}
    clean: dict[str, Any] = redact_tree({**context, **json_safe(details)})
    return clean


class APIError(MixpanelDataError, _RequestAttributes):
    """Mixpanel could not be reached, or its response was unexpected.

    Text that looks like credentials is removed from the message and from the details. A caller that
    has the account's secret removes it first.
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
    """Mixpanel rejected the credentials, or the account lacks permission."""

    code = "AUTH_FAILED"


class RateLimitError(APIError):
    """The project's rate limit is used up: 60 requests an hour for each API family (Mixpanel's page
    on rate limits)."""

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

    retry_after = _Detail[int | None]("Seconds until a retry makes sense; None if unknown.")


class QueryError(APIError):
    """Mixpanel rejected the request itself, not the credentials."""

    code = "QUERY_FAILED"

    plan_limit = _Detail[Literal["call", "history"] | None](
        "The part that the project's plan does not include, so that retries never help: this call, "
        "or days this old."
    )
    has_future_days = _Detail[bool | None](
        "True if the last day of the request has not begun in the zone of the project's days."
    )


class QueryTimeoutError(QueryError):
    """SQL took longer than it was given, and was interrupted. Nothing was changed."""

    code = "QUERY_TIMEOUT"

    def __init__(self, timeout: float, sql: str) -> None:
        super().__init__(
            f"The SQL was interrupted after {timeout:g} s, before it had all its rows. "
            "Give it more time (--timeout, timeout=), or ask for less.",
            details={"timeout": timeout, "sql": sql},
        )

    timeout = _Detail[float]("The time that it was given, in seconds.")


class ServerError(APIError):
    """Mixpanel failed; the same request may succeed later."""

    code = "SERVER_ERROR"


OTHER_BASIS = "do not fit the time basis"
"""The reason of a complete export whose days are those of another time zone than configured."""


class IncompleteExportError(MixpanelDataError, _RequestAttributes):
    """A response ended early or is otherwise incomplete, so none of it may be loaded.

    ``reason`` is a short, stable text such as ``"cut gzip"``, ``"terminated early"`` or
    ``"connection lost"``; ``explanation`` has details in a sentence or two; ``remedy`` is
    what was left undone and what to do, by default for a sync; ``source`` names what is incomplete,
    by default the events of the days, or Mixpanel's response. Days are dates or ISO texts, both
    included. The details have the request and the beginning of the response, like those
    of an APIError, without credentials.
    """

    code = "INCOMPLETE_EXPORT"

    def __init__(
        self,
        explanation: str = "",
        *,
        reason: str,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        remedy: str = "",
        source: str = "",
        details: Mapping[str, Any] | None = None,
        **http: Unpack[HTTPContext],
    ) -> None:
        first, last = (_iso(day) for day in (from_date or to_date, to_date or from_date))
        known = {"reason": reason, "explanation": explanation, "from_date": first, "to_date": last}
        super().__init__(
            _incomplete_message(reason, redact(explanation), first, last, remedy, source),
            details=_context(http, {**known, **(details or {})}),
        )

    reason = _Detail[str]("The problem, in a few stable words.")
    from_date = _Detail[str | None](
        "The first of the days that are not loaded, as ``YYYY-MM-DD``; None for profiles."
    )
    to_date = _Detail[str | None](
        "The last of the days that are not loaded, as ``YYYY-MM-DD``; None for profiles."
    )


def _iso(day: date | str | None) -> str | None:
    return day.isoformat() if isinstance(day, date) else day


def _incomplete_message(
    reason: str, explanation: str, first: str | None, last: str | None, remedy: str, source: str
) -> str:
    days = first if first == last else f"{first} to {last}"
    what = source or (f"The events of {days}" if first else "Mixpanel's response")
    wrong = reason if reason == OTHER_BASIS else f"did not arrive completely: {reason}"
    if source:
        wrong = f"is not complete: {reason}"
    retry = f"`mp sync --from {first} --to {last}`" if first else "`mp sync`"
    message = f" {explanation.rstrip()}" if explanation else ""
    remedy = remedy or f"Nothing of it was loaded; {retry} refetches it."
    return f"{what} {wrong}.{message} {remedy}"


class TableExistsError(MixpanelDataError):
    """A table of this name already exists; it was not changed."""

    code = "TABLE_EXISTS"

    def __init__(self, table_name: str) -> None:
        super().__init__(
            f"A table '{table_name}' already exists. Choose another name, or add to a fetched one: "
            "append=True, `--append`.",
            details={"table_name": table_name},
        )

    table_name = _Detail[str]("The requested name.")


class TableNotFoundError(MixpanelDataError):
    """There is no table of this name. ``advice``, a sentence or two, is what to do."""

    code = "TABLE_NOT_FOUND"

    def __init__(
        self, table_name: str, available_tables: Iterable[str] = (), *, advice: str = ""
    ) -> None:
        available = list(available_tables)
        known = (
            f"There are: {', '.join(available)}."
            if available
            else "There are none: `mp sync`, `mp fetch` or `Workspace.fetch_events` creates some."
        )
        message = (f"There is no table '{table_name}'.", advice, known)
        super().__init__(
            " ".join(filter(None, message)),
            details={"table_name": table_name, "available_tables": available},
        )

    table_name = _Detail[str]("The requested name.")


class NothingPublishedError(TableNotFoundError):
    """The data folder has no published tables."""

    code = "NOTHING_PUBLISHED"

    def __init__(self, data_dir: str) -> None:
        MixpanelDataError.__init__(
            self,
            f"Nothing is published in {data_dir}. Run `mp sync` first, or name another folder: "
            "--data-dir.",
            details={"data_dir": data_dir},
        )

    data_dir = _Detail[str]("The data folder.")


class DatabaseLockedError(MixpanelDataError):
    """Another process is using this data folder. The details identify it as far as known."""

    code = "DATABASE_LOCKED"

    pid = _Detail[int | None]("The id of the process that has the lock.")
    command = _Detail[str | None]("The command that started it.")
    since = _Detail[str | None]("When it took the lock, an ISO time in UTC.")


class PublishTargetError(MixpanelDataError):
    """The publication was not copied to a publish target, which keeps what it had.

    The published file of the data folder is not affected.
    """

    code = "PUBLISH_TARGET_FAILED"

    target = _Detail[str]("The name of the publish target.")
    cause = _Detail[str | None]("The code of the error behind it, such as ``CONFIG_ERROR``.")


class StorageError(MixpanelDataError):
    """A failure of the machine: no space, no permission, not enough memory, or a disk failure."""

    code = "STORAGE_FAILED"


class DatabaseDamagedError(StorageError):
    """A database of the data folder can't be read completely.

    A disk, a copying tool or another program damaged it.
    """

    code = "DATABASE_DAMAGED"

    path = _Detail[str | None]("The damaged file.")
    readable = _Detail[list[str] | None]("Its readable tables, if they were checked.")
    unreadable = _Detail[list[str] | None]("Its unreadable tables.")


class DatabaseMissingError(StorageError):
    """There is no raw database, and other files of the data folder show that there was one."""

    code = "DATABASE_MISSING"

    path = _Detail[str]("The path of the missing file.")


class RejectedLinesWarning(UserWarning):
    """Lines of a response were unreadable and left out, or repaired; the message has their number."""


class ConfigWarning(UserWarning):
    """A setting or an argument that is valid, but may not do what was intended."""


NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)

_OS_ADVICE: dict[int, str] = {
    **dict.fromkeys(NO_SPACE, "Free space on the disk, and rerun the command."),
    **dict.fromkeys(NO_RIGHT, "Give this user the right to write there, or name another place."),
    errno.EROFS: "Name a place that can be written to.",
    errno.EMFILE: "Allow more open files (`ulimit -n`).",
    errno.ENFILE: "Close other programs: the machine has no open files left.",
}


def os_advice(number: int | None) -> str:
    """Return what to do about an error number of the system; empty if there is no advice.

    Args:
        number: A number of the module ``errno``. None: it is not known.
    """
    return _OS_ADVICE.get(number or 0, "")


def os_failure(error: OSError) -> StorageError:
    """Return an error of the system as an error for people: the file, the reason, and what to do.

    Args:
        error: An error with a number.
    """
    place = f"{os.fsdecode(error.filename)}: " if error.filename is not None else ""
    sentences = (f"{place}{error.strerror}.", os_advice(error.errno))
    return StorageError(" ".join(filter(None, sentences)), details={"errno": error.errno})


def unexpected_error(error: BaseException) -> MixpanelDataError:
    """Return an exception of another library, or a fault of this one, as an error for people.

    Credentials are removed. ``details`` has ``type`` and ``text`` of the exception.
    """
    kind = type(error).__name__
    text = " ".join(redact(str(error)).split())
    return MixpanelDataError(
        f"Unexpected {kind}{': ' + text if text else ''}. To see where, set MP_DEBUG=1 and run the "
        "command once more. Please report it.",
        details={"type": f"{type(error).__module__}.{kind}", "text": text},
    )


def traceback_of(error: BaseException) -> str:
    """Return the traceback of ``error`` without credentials."""
    return redact("".join(traceback.format_exception(error)))
