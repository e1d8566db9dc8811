"""How DuckDB reports that a file's bytes are not those it wrote."""

import re

# The last three kinds of error have other causes, too. Other statements may fail with an IO Error.
_DAMAGE = re.compile(
    r"Corrupt database file"
    r"|(?:IO|TransactionContext|Invalid) Error: .*(?:Corrupt database file|not a valid DuckDB database"
    r"|Could not read enough bytes|Failed to deserialize|database has been invalidated)"
    r"|Serialization Error|INTERNAL Error|FATAL Error"
)


def is_damage(error: Exception | str) -> bool:
    """Whether an error of DuckDB, or a text of dbt that quotes one, is what a damaged file causes.

    An error has to begin with such words, since what follows may quote a value. A text may have
    them anywhere.
    """
    if isinstance(error, str):
        return bool(_DAMAGE.search(error))
    return bool(_DAMAGE.match(str(error)))
