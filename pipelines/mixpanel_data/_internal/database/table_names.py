"""Names of tables, whatever characters they have."""

from mixpanel_data.exceptions import ConfigError

LEDGER = "_metadata"
REJECTED = "_rejected"
STAMP = "_build"  # of a published file
OWN_TABLES = (LEDGER, REJECTED, STAMP)


def quoted(*names: str) -> str:
    """The identifier in SQL; of several, the qualified one."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def is_same(one: str, other: str) -> bool:
    """Whether DuckDB takes both for one name: ASCII letters count in either case."""
    return _folded(one) == _folded(other)


def require_usable(name: str) -> None:
    """Nothing, when a table may be called so.

    Raises:
        ConfigError: DuckDB can't hold the name, or the tables about the tables have it.
    """
    if not name or "\0" in name or not _is_unicode(name):
        raise ConfigError(f"{name!r} is no name for a table: it takes at least one character.")
    if any(is_same(name, own) for own in OWN_TABLES):
        raise ConfigError(
            f"'{name}' is kept for what is noted about tables. Choose another name for the table."
        )


def _folded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass").lower()


def _is_unicode(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False
