"""The messages with which DuckDB reports that a file was changed or truncated."""

import re

# The last three kinds of error have other causes, too, and an IO Error may be raised by any
# statement.
_DAMAGE = re.compile(
    r"Corrupt database file"
    r"|(?:IO|TransactionContext|Invalid) Error: .*(?:Corrupt database file|not a valid DuckDB database"
    r"|Could not read enough bytes|Failed to deserialize|database has been invalidated)"
    r"|(?:\w+ Error: )?Failure while replaying WAL file"
    r"|Serialization Error|INTERNAL Error|FATAL Error"
)


def is_damage(error: Exception | str) -> bool:
    """Return True if an error of DuckDB, or a text of dbt that quotes one, reports a damaged file.

    An error must begin with such a message, since the rest may quote a value. A text may have it
    anywhere.
    """
    if isinstance(error, str):
        return bool(_DAMAGE.search(error))
    return bool(_DAMAGE.match(str(error)))
