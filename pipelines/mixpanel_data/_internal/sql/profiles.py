"""SQL that reads the lines of landed profiles. Loading and validation share it, so they agree."""

from pathlib import Path

from mixpanel_data._internal.sql.events import SLACK, unless_not_finite
from mixpanel_data._internal.sql_literals import literal


def read_profile_lines(path: Path, longest: int) -> str:
    """Return a relation (n, digest, distinct_id, last_seen, properties) of the lines in ``path``.

    No line is longer than ``longest`` bytes. A profile that is not a JSON object is a row of NULLs,
    and one with a number that JSON does not have has no ``distinct_id``.
    The rows are unordered; with one thread they are in the order of the lines.
    """
    properties = 'profile."$properties"'
    distinct_id = unless_not_finite(
        f"coalesce({properties}::VARCHAR, '')", 'profile."$distinct_id"'
    )
    columns = (
        "{n: 'BIGINT', digest: 'VARCHAR', last_seen: 'VARCHAR', "
        """profile: 'STRUCT("$distinct_id" VARCHAR, "$properties" JSON)'}"""
    )
    return (
        f"(SELECT n, digest, {distinct_id} AS distinct_id, {properties} AS properties, "
        f"try_cast(last_seen AS TIMESTAMP) AS last_seen FROM read_json([{literal(path)}], "
        f"format='newline_delimited', compression='none', columns={columns}, "
        f"maximum_object_size={longest + SLACK}, ignore_errors=true))"
    )
