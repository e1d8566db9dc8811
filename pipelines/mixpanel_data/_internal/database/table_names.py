"""Names of tables."""

from mixpanel_data._internal.sql.ledger_columns import LEDGER, REJECTED
from mixpanel_data._internal.text import is_unicode
from mixpanel_data.exceptions import ConfigError

STAMP = "_build"  # of a published file
RECONCILIATIONS = "_reconciliations"  # of a published file
OWN_TABLES = (LEDGER, REJECTED, STAMP, RECONCILIATIONS)


def is_same(one: str, other: str) -> bool:
    """Return True if DuckDB takes both for the same name: ASCII letters are case-insensitive."""
    return _folded(one) == _folded(other)


def require_table_name(name: str) -> None:
    """Raise ConfigError unless a table can have this name.

    DuckDB must be able to store it, and our metadata tables must not have it.
    """
    if not name or "\0" in name or not is_unicode(name):
        raise ConfigError(
            f"{name!r} can't be the name of a table: it needs at least one character."
        )
    if any(is_same(name, own) for own in OWN_TABLES):
        raise ConfigError(
            f"'{name}' is reserved for records about tables. Choose another name for the table."
        )


def _folded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass").lower()
