"""The errors: one tree, codes that stay, details that any log can hold."""

import copy
import errno
import json
import os
import pickle
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data import exceptions
from mixpanel_data._internal.data_folder.os_errors import storage_error_from_os_error
from mixpanel_data.exceptions import (
    AccountExistsError,
    AccountNotFoundError,
    APIError,
    AuthenticationError,
    ConfigError,
    DatabaseDamagedError,
    DatabaseLockedError,
    DatabaseMissingError,
    IncompleteExportError,
    MixpanelDataError,
    NothingPublishedError,
    PublishTargetError,
    QueryError,
    QueryTimeoutError,
    RateLimitError,
    ServerError,
    StorageError,
    TableExistsError,
    TableNotFoundError,
    os_advice,
    os_failure,
)

HTTP: dict[str, Any] = {
    "status_code": 400,
    "response_body": {"error": "no"},
    "request_method": "GET",
    "request_url": "https://data.mixpanel.com/api/2.0/export",
    "request_params": {"from_date": "2026-01-01"},
    "request_body": None,
}
ONE_OF_EACH: dict[str, MixpanelDataError] = {
    "MIXPANEL_DATA_ERROR": MixpanelDataError("m", details={"a": 1}),
    "CONFIG_ERROR": ConfigError("m"),
    "ACCOUNT_NOT_FOUND": AccountNotFoundError("dev", ["prod", "test"]),
    "ACCOUNT_EXISTS": AccountExistsError("dev"),
    "API_ERROR": APIError("m", **HTTP),
    "AUTH_FAILED": AuthenticationError("m", **HTTP),
    "RATE_LIMITED": RateLimitError("m", retry_after=60, **HTTP),
    "QUERY_TIMEOUT": QueryTimeoutError(1.5, "select 1"),
    "QUERY_FAILED": QueryError("m", details={"plan_limit": "call"}, **HTTP),
    "SERVER_ERROR": ServerError("m", **HTTP),
    "INCOMPLETE_EXPORT": IncompleteExportError("It was cut.", reason="cut gzip"),
    "TABLE_EXISTS": TableExistsError("events"),
    "TABLE_NOT_FOUND": TableNotFoundError("evnets", ["events"]),
    "NOTHING_PUBLISHED": NothingPublishedError("/data"),
    "DATABASE_LOCKED": DatabaseLockedError("m", details={"pid": 1, "command": "mp sync"}),
    "DATABASE_DAMAGED": DatabaseDamagedError("m", details={"path": "mixpanel.duckdb"}),
    "DATABASE_MISSING": DatabaseMissingError("m", details={"path": "raw.duckdb"}),
    "PUBLISH_TARGET_FAILED": PublishTargetError("m", details={"target": "lake"}),
    "STORAGE_FAILED": StorageError("m", details={"errno": 28}),
}


@pytest.mark.parametrize(("code", "error"), ONE_OF_EACH.items())
def test_every_error_keeps_its_code_and_survives_json_pickle_and_copy(
    code: str, error: MixpanelDataError
) -> None:
    assert error.code == code
    wanted = {"code": code, "message": str(error), "details": error.details}
    for twin in (
        error,
        pickle.loads(pickle.dumps(error)),  # noqa: S301
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(twin) is type(error)
        assert json.loads(json.dumps(twin.to_dict())) == wanted
        assert (str(twin), twin.args) == (str(error), error.args)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"^([│├└─ ]*)(\w+Error) +([A-Z_]+)", exceptions.__doc__ or "", re.MULTILINE)
    parents = {0: "Exception"}
    for indent, name, code in drawn:
        depth = len(indent) // 4
        kind = getattr(exceptions, name)
        parents[depth + 1] = name
        assert (kind.__bases__[0].__name__, kind.code) == (parents[depth], code)

    assert {name for _, name, _ in drawn} == {type(e).__name__ for e in ONE_OF_EACH.values()}


def test_errors_say_what_they_know_as_attributes() -> None:
    missing = AccountNotFoundError("dev", ["prod"])
    limited = RateLimitError("m", retry_after=7, **HTTP)

    assert (missing.account_name, missing.available_accounts) == ("dev", ["prod"])
    assert AccountExistsError("dev").account_name == "dev"
    assert (TableExistsError("a").table_name, TableNotFoundError("b").table_name) == ("a", "b")
    assert limited.retry_after == 7
    assert RateLimitError("m").retry_after is None
    assert {name: getattr(limited, name) for name in HTTP} == HTTP
    assert DatabaseLockedError("m", details={"pid": 7, "since": "now"}).pid == 7


def test_an_incomplete_export_names_the_days_and_what_to_do() -> None:
    error = IncompleteExportError(
        reason="terminated early", from_date=date(2026, 1, 1), to_date="2026-01-03"
    )

    assert "2026-01-01 to 2026-01-03" in str(error)
    assert "`mp sync --from 2026-01-01 --to 2026-01-03`" in str(error)
    assert (error.reason, error.from_date, error.to_date) == (
        "terminated early",
        "2026-01-01",
        "2026-01-03",
    )


def test_an_incomplete_export_of_one_day_names_it_once() -> None:
    error = IncompleteExportError(reason="cut gzip", from_date=date(2026, 1, 1))

    assert "The events of 2026-01-01 did" in str(error)


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")


CYCLE: list[Any] = [1]
CYCLE.append(CYCLE)
BUSH: Any = "leaf"
for _ in range(50):
    BUSH = {"bush": BUSH}


@pytest.mark.parametrize(
    ("weird", "tame"),
    [
        (b"\xffa", "\\xffa"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (Path("/tmp/x"), "/tmp/x"),  # noqa: S108
        ({3, 1, 2}, [1, 2, 3]),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("1.10"), "1.10"),
        ({None: 1, 2: "b", (3,): "c"}, {"None": 1, "2": "b", "(3,)": "c"}),
        (CYCLE, [1, "..."]),
        (Unprintable(), "<Unprintable>"),
        ("\ud83d", "\\ud83d"),
        (10**5000, hex(10**5000)),
        (2**70, 2**70),
    ],
    ids=lambda value: type(value).__name__,
)
def test_details_hold_anything(weird: object, tame: object) -> None:
    error = MixpanelDataError("m", details={"it": weird})

    assert json.loads(json.dumps(error.to_dict(), ensure_ascii=False))["details"]["it"] == tame
    pickle.dumps(error)


def test_details_added_later_are_safe_too_and_the_dict_is_a_copy() -> None:
    error = MixpanelDataError("m")
    error.details["late"] = {1}

    error.to_dict()["details"]["mine"] = True

    assert error.to_dict()["details"] == {"late": [1]}


def test_deep_details_are_cut_instead_of_overflowing() -> None:
    assert "..." in json.dumps(MixpanelDataError("m", details={"it": BUSH}).to_dict())


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers() | st.text())
    ),
    max_leaves=10,
)


@given(anything)
def test_to_dict_is_json_with_any_details(value: object) -> None:
    shown = MixpanelDataError("m", details={"it": value}).to_dict()

    text = json.dumps(shown, allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == shown


def test_errors_without_a_request_have_no_fields_of_one() -> None:
    of_sql = QueryError("m", details={"sql": "selec 1"})

    assert of_sql.to_dict()["details"] == {"sql": "selec 1"}
    assert {name: getattr(of_sql, name) for name in HTTP} == dict.fromkeys(HTTP)
    assert QueryTimeoutError(1.5, "select 1").details == {"timeout": 1.5, "sql": "select 1"}
    assert set(HTTP) <= set(QueryError("m", status_code=400).details)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free space on the disk"),
        (errno.EFBIG, "Free space on the disk"),
        (errno.EACCES, "Give this user the right"),
        (errno.EROFS, "Name a place that can be written to"),
    ],
)
def test_an_error_of_the_system_has_one_advice_for_each_number(number: int, advice: str) -> None:
    error = OSError(number, os.strerror(number), "/data/raw.duckdb")

    for translated in (os_failure(error), storage_error_from_os_error(error, Path("/data"))):
        assert advice in str(translated)
        assert "/data/raw.duckdb" in str(translated)
        assert translated
        assert translated.details["errno"] == number
    assert os_advice(None) == os_advice(errno.EINTR) == ""
