"""The text of the accounts file, and its edits from text to text. Whatever a person wrote there
stays.

default = "production"

[accounts.production] username = "..." secret = "..." project_id = "12345" region = "us"
"""

import itertools
import re
import tomllib
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # splitlines() would also split at U+2028, inside a string
_BY_HAND = "its layout can't be edited safely; edit it by hand"


class MalformedAccountsError(ValueError):
    """The text is not an accounts file; the message says where and never quotes a value."""


def parse(text: str) -> dict[str, Any]:
    """The content, where ``accounts`` is always a table of tables. Raises MalformedAccountsError,
    naming line or key."""
    data = _toml(text)
    accounts = data.setdefault("accounts", {})
    if not isinstance(accounts, dict):
        raise MalformedAccountsError(
            "the key accounts must be a table, as in [accounts.production]"
        )
    for name, account in accounts.items():
        if not isinstance(account, dict):
            raise MalformedAccountsError(f"the key accounts.{name} must be a table")
    if not isinstance(data.get("default", ""), str):
        raise MalformedAccountsError("the key default must be a text, the name of an account")
    return data


def with_account(text: str, name: str, fields: dict[str, str]) -> str:
    """The text with one more account at its end."""
    wanted = parse(text)
    wanted["accounts"][name] = fields
    above = f"{text.rstrip()}\n\n" if text.strip() else ""
    return _proven(above + _block(name, fields), wanted)


def without_account(text: str, name: str) -> str:
    """The text without the account. Comments below its last key stay: they speak of what comes
    next."""
    wanted = parse(text)
    del wanted["accounts"][name]
    lines = _LINE.findall(text)
    kept: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        header = _header(line)
        if header is not None:
            inside = header[:2] == ("accounts", name)
        if not inside or _is_remark_above_next(lines[number:], kept):
            kept.append(line)
    return _proven("".join(kept), wanted)


def with_default(text: str, name: str | None) -> str:
    """The text with another default account, or with none."""
    wanted = parse(text)
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise MalformedAccountsError(_BY_HAND) from error
    for content in (wanted, document):
        if name is None:
            content.pop("default", None)
        else:
            content["default"] = name
    return _proven(document.as_string(), wanted)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = str(error)
    # Outside the except block: from Python 3.14 on that error holds the whole text, secrets
    # included.
    raise MalformedAccountsError(f"not valid TOML: {fault}")


def _block(name: str, fields: dict[str, str]) -> str:
    account = tomlkit.table()
    account.update(fields)
    accounts = tomlkit.table(is_super_table=True)
    accounts.add(name, account)
    return tomlkit.dumps({"accounts": accounts})


def _header(line: str) -> tuple[str, ...] | None:
    """The path in a table's header; None for any other line."""
    if not line.lstrip().startswith("["):
        return None
    try:
        table: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None
    path: list[str] = []
    while isinstance(table, dict) and table:
        key, table = next(iter(table.items()))
        path.append(key)
    return tuple(path)


def _is_remark_above_next(lines: list[str], kept: list[str]) -> bool:
    """Whether the first of ``lines`` is a comment or a spacer with no more keys before the next
    table."""
    if not lines[0].strip() and not (kept and kept[-1].strip()):
        return False  # one empty line is enough
    rest = itertools.takewhile(lambda line: _header(line) is None, lines[1:])
    return all(not line.strip() or line.lstrip().startswith("#") for line in (lines[0], *rest))


def _proven(text: str, wanted: dict[str, Any]) -> str:
    """``text``, if it says what is wanted: unusual layouts are not ours to guess at."""
    try:
        same = parse(text) == wanted
    except MalformedAccountsError:
        same = False
    if not same:
        raise MalformedAccountsError(_BY_HAND)
    return text
