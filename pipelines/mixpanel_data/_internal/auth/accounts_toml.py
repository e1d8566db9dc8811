"""The text of the accounts file, and its edits. Anything else that a person wrote there is kept.

::

    default = "production"

    [accounts.production]
    type = "service_account"
    region = "us"
    default_project = "12345"
    username = "..."
    secret = "..."

mixpanel-headless, Mixpanel's own command-line tool, keeps its accounts in the same file, and
refuses it if an account has other keys. Also read are ``project_id`` in place of
``default_project``, accounts without a type, and ``[active] account`` in place of ``default``.
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
    """The text is not an accounts file; the message has the line, and never a value."""


def parse_accounts(text: str) -> dict[str, Any]:
    """Parse the text; ``accounts`` is always a table of tables.

    Raise MalformedAccountsError with the line or key.
    """
    data = _parse_toml(text)
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


SERVICE_ACCOUNT = "service_account"


def account_fields(account: dict[str, Any]) -> dict[str, Any]:
    """Return username, secret, project_id and region of an account, as far as it has them."""
    found = {name: account[name] for name in ("username", "secret", "region") if name in account}
    for name in ("default_project", "project_id"):  # the second one has precedence
        if name in account:
            found["project_id"] = account[name]
    return found


def account_type(account: dict[str, Any]) -> str:
    """Return the type of an account: of a service account, unless another is given."""
    return str(account.get("type", SERVICE_ACCOUNT))


def service_accounts(data: dict[str, Any]) -> list[str]:
    """Return the names of the service accounts in the order of the file."""
    accounts = data["accounts"].items()
    return [name for name, account in accounts if account_type(account) == SERVICE_ACCOUNT]


def default_account(data: dict[str, Any]) -> str | None:
    """Return the name of the default account; None if there is none.

    The active account of mixpanel-headless counts only if it is a service account of the file.
    """
    if "default" in data:
        return str(data["default"])
    active = data.get("active")
    name = active.get("account") if isinstance(active, dict) else None
    return name if isinstance(name, str) and name in service_accounts(data) else None


def with_account(text: str, name: str, fields: dict[str, str]) -> str:
    """Return the text with one more service account at its end.

    ``fields`` are username, secret, project_id and region.
    """
    wanted = parse_accounts(text)
    fields = {
        "type": SERVICE_ACCOUNT,
        "region": fields["region"],
        "default_project": fields["project_id"],
        "username": fields["username"],
        "secret": fields["secret"],
    }
    wanted["accounts"][name] = fields
    above = f"{text.rstrip()}\n\n" if text.strip() else ""
    return _require_same(above + _format_account(name, fields), wanted)


def without_account(text: str, name: str) -> str:
    """Return the text without the account.

    Comments after its last key are kept, since they describe the next table.
    """
    wanted = parse_accounts(text)
    del wanted["accounts"][name]
    lines = _LINE.findall(text)
    kept: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        header = _header(line)
        if header is not None:
            inside = header[:2] == ("accounts", name)
        if not inside or _is_comment_of_next(lines[number:], kept):
            kept.append(line)
    return _require_same("".join(kept), wanted)


def with_default(text: str, name: str | None) -> str:
    """Return the text with another default account, or without one."""
    wanted = parse_accounts(text)
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise MalformedAccountsError(_BY_HAND) from error
    for content in (wanted, document):
        if name is None:
            content.pop("default", None)
        else:
            content["default"] = name
    return _require_same(document.as_string(), wanted)


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = str(error)
    # Outside the except block, since the error of Python 3.14 has the complete text, with secrets.
    raise MalformedAccountsError(f"not valid TOML: {fault}")


def _format_account(name: str, fields: dict[str, str]) -> str:
    account = tomlkit.table()
    account.update(fields)
    accounts = tomlkit.table(is_super_table=True)
    accounts.add(name, account)
    return tomlkit.dumps({"accounts": accounts})


def _header(line: str) -> tuple[str, ...] | None:
    """Return the path in a table's header; None for any other line."""
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


def _is_comment_of_next(lines: list[str], kept: list[str]) -> bool:
    """Return True if the first of ``lines`` is a comment or blank, and no key of the table
    follows."""
    if not lines[0].strip() and not (kept and kept[-1].strip()):
        return False  # keeps one empty line
    rest = itertools.takewhile(lambda line: _header(line) is None, lines[1:])
    return all(not line.strip() or line.lstrip().startswith("#") for line in (lines[0], *rest))


def _require_same(text: str, wanted: dict[str, Any]) -> str:
    """Return ``text`` if it parses to ``wanted``; raise an error for layouts that can't be
    edited."""
    try:
        same = parse_accounts(text) == wanted
    except MalformedAccountsError:
        same = False
    if not same:
        raise MalformedAccountsError(_BY_HAND)
    return text
