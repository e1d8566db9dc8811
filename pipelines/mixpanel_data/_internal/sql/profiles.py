"""How DuckDB reads a line of landed profiles. One place, so that what is loaded and what is
inspected can't differ."""

from pathlib import Path

from mixpanel_data._internal.sql.events import SLACK
from mixpanel_data._internal.sql.literals import literal


def read_profiles(path: Path, longest: int) -> str:
    """A relation (n, digest, distinct_id, last_seen, properties) of the lines in ``path``, in no
    order.

    No line is longer than ``longest`` bytes. A profile that is no JSON object is a row of NULLs. On
    one thread the rows are in the order of the lines.
    """
    columns = (
        "{n: 'BIGINT', digest: 'VARCHAR', last_seen: 'VARCHAR', "
        """profile: 'STRUCT("$distinct_id" VARCHAR, "$properties" JSON)'}"""
    )
    return (
        """(SELECT n, digest, profile."$distinct_id" AS distinct_id, profile."$properties" AS properties, """
        f"try_cast(last_seen AS TIMESTAMP) AS last_seen FROM read_json([{literal(path)}], "
        f"format='newline_delimited', compression='none', columns={columns}, "
        f"maximum_object_size={longest + SLACK}, ignore_errors=true))"
    )
